/**
 * Capture files, pcap or pcapng, as a stream: whatever it holds, memory stays bounded.
 *
 * @module
 */

import { malformed } from "./error.ts";
import { emptyFrame, type Format, type Frame } from "./frame.ts";
import { PcapFormat } from "./pcap.ts";
import { PcapngFormat } from "./pcapng.ts";
import { Window } from "./window.ts";

/**
 * Reads the frames of one file.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { CaptureReader } from "./capture_reader.ts";
 * import { pcapHeader, pcapRecord } from "./pcap.ts";
 *
 * const reader = new CaptureReader();
 * reader.push(pcapHeader(101));
 * const bytes = new Uint8Array([0x60, 0, 0, 0]);
 * const where = { bytes, start: 0, end: 4, length: 4, linkType: 101, interfaceName: null };
 * reader.push(pcapRecord({ seconds: 1, nanoseconds: 500, ...where }));
 * assert.equal(reader.next()?.nanoseconds, 500);
 * assert.equal(reader.next(), null);
 * reader.finish();
 * ```
 */
export class CaptureReader {
  readonly #window = new Window();
  readonly #frame = emptyFrame();
  #format: Format | null = null;

  /** Takes more of the file; what earlier frames pointed to may change. */
  push(chunk: Uint8Array): void {
    this.#window.push(chunk);
  }

  /**
   * The next frame, in an object that is used again; null where more of the file is needed.
   *
   * @throws {MifError} EBADMSG: the file contradicts itself, or is none that is known. There is no way to go on.
   */
  next(): Frame | null {
    const format = this.#format ??= this.#begin();
    return format?.next(this.#window, this.#frame) ? this.#frame : null;
  }

  /** Says that nothing more comes, when next() has no frame any more. @throws {MifError} EBADMSG: the file is cut short. */
  finish(): void {
    if (this.#format === null) throw malformed("it is too short for one");
    if (this.#window.length > 0 || this.#window.lacks) {
      throw malformed("it ends in the middle of a packet");
    }
  }

  #begin(): Format | null {
    const format = PcapngFormat.begin(this.#window) ?? PcapFormat.begin(this.#window);
    if (format === undefined) throw malformed("it is neither pcap nor pcapng");
    return format;
  }
}
