/**
 * The pcap file that `mif mh dump -w` writes.
 *
 * @module
 */

import { closeSync, openSync, writeSync } from "node:fs";
import type { Frame } from "../lib/capture/frame.ts";
import { LINKTYPE_RAW } from "../lib/capture/link_layer.ts";
import { pcapHeader, pcapRecord } from "../lib/capture/pcap.ts";
import { MifError } from "../mod.ts";
import { fileError } from "./mh_read.ts";

const STDOUT = 1;
/** So many bytes are written at once. */
const BUFFER_SIZE = 256 * 1024;

/** An open one. Close it, or let `using` do it. */
export class PcapWriter implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  /** Known with the first frame. */
  #linkType: number | null = null;
  #waiting: Uint8Array[] = [];
  #size = 0;

  /** Begins a file; "-" is standard output. @throws {MifError} ENOENT, EACCES and so on. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = path === "-" ? STDOUT : openSync(path, "w");
    } catch (error) {
      throw fileError("write", path, error);
    }
  }

  /**
   * Writes a frame as it was seen.
   *
   * @throws {MifError} EINVAL: it is of another kind of link than those before, and a pcap file has one.
   */
  write(frame: Frame): void {
    if (this.#linkType === null) this.#begin(frame.linkType);
    if (this.#linkType !== frame.linkType) {
      throw new MifError(
        `Cannot write ${this.#path}: a pcap file has one kind of link, and here are ${this.#linkType} and ${frame.linkType}`,
        { code: "EINVAL", errno: 22, syscall: "write" },
      );
    }
    this.#add(pcapRecord(frame));
  }

  /** Has all that was written reach the file. */
  flush(): void {
    const bytes = Buffer.concat(this.#waiting.splice(0));
    this.#size = 0;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      throw fileError("write", this.#path, error);
    }
  }

  /** Ends the file, which is one also where nothing was seen. */
  [Symbol.dispose](): void {
    if (this.#linkType === null) this.#begin(LINKTYPE_RAW);
    this.flush();
    if (this.#fd !== STDOUT) closeSync(this.#fd);
  }

  #begin(linkType: number): void {
    this.#linkType = linkType;
    this.#add(pcapHeader(linkType));
  }

  #add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    if (this.#size >= BUFFER_SIZE) this.flush();
  }
}
