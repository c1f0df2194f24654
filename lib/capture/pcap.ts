/**
 * The pcap file format (draft-ietf-opsawg-pcap): a header of 24 bytes, then packets, each behind a header of 16. Either
 * byte order, microseconds or nanoseconds.
 *
 * @module
 */

import { malformed } from "./error.ts";
import { type Format, type Frame, FRAME_SIZE_MAX } from "./frame.ts";
import type { Window } from "./window.ts";

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const HEADER_SIZE = 24;
const RECORD_HEADER_SIZE = 16;
/** What others take for the most that a packet may have. */
const SNAPLEN = 262144;

/** Reads the packets behind one header. */
export class PcapFormat implements Format {
  readonly #littleEndian: boolean;
  /** Nanoseconds of a unit. */
  readonly #unit: number;
  readonly #linkType: number;

  private constructor(littleEndian: boolean, unit: number, linkType: number) {
    this.#littleEndian = littleEndian;
    this.#unit = unit;
    this.#linkType = linkType;
  }

  /**
   * Reads the header. Null where it has not come yet, undefined where this is no such file.
   *
   * @throws {MifError} EBADMSG: a version that is not known.
   */
  static begin(window: Window): PcapFormat | null | undefined {
    if (window.length < 4) return null;
    const { view, at } = window;
    const order = [true, false].find((order) => unitOf(view.getUint32(at, order)) !== 0);
    if (order === undefined) return undefined;
    if (window.length < HEADER_SIZE) return null;
    const major = view.getUint16(at + 4, order);
    if (major !== 2) throw malformed(`it is a pcap file of version ${major}, not 2`);
    window.at += HEADER_SIZE;
    // The upper bits tell of a checksum behind each frame, which nobody minds.
    const linkType = view.getUint32(at + 20, order) & 0xffff;
    return new PcapFormat(order, unitOf(view.getUint32(at, order)), linkType);
  }

  /** Reads the next packet; false where it has not come yet. @throws {MifError} EBADMSG. */
  next(window: Window, frame: Frame): boolean {
    const { view, at } = window;
    const order = this.#littleEndian;
    if (window.length < RECORD_HEADER_SIZE) return false;
    const captured = view.getUint32(at + 8, order);
    if (captured > FRAME_SIZE_MAX) throw malformed(`a packet claims to have ${captured} bytes`);
    const size = RECORD_HEADER_SIZE + captured;
    if (window.length < size) return false;
    const nanoseconds = view.getUint32(at + 4, order) * this.#unit;
    frame.seconds = view.getUint32(at, order);
    frame.nanoseconds = nanoseconds;
    if (nanoseconds >= 1e9) {
      frame.seconds += Math.floor(nanoseconds / 1e9);
      frame.nanoseconds = nanoseconds % 1e9;
    }
    frame.linkType = this.#linkType;
    frame.bytes = window.bytes;
    frame.start = at + RECORD_HEADER_SIZE;
    frame.end = at + size;
    frame.length = view.getUint32(at + 12, order);
    window.at += size;
    return true;
  }
}

/** The nanoseconds of a file's unit of time; 0 where the number is no magic one. */
function unitOf(magic: number): number {
  return magic === MAGIC_MICROSECONDS ? 1000 : magic === MAGIC_NANOSECONDS ? 1 : 0;
}

/** What a pcap file of nanoseconds begins with. */
export function pcapHeader(linkType: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC_NANOSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAPLEN, true);
  view.setUint32(20, linkType, true);
  return bytes;
}

/** A packet of such a file. */
export function pcapRecord(frame: Frame): Uint8Array {
  const captured = frame.end - frame.start;
  const bytes = new Uint8Array(RECORD_HEADER_SIZE + captured);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, frame.seconds, true);
  view.setUint32(4, frame.nanoseconds, true);
  view.setUint32(8, captured, true);
  view.setUint32(12, Math.max(frame.length, captured), true);
  bytes.set(frame.bytes.subarray(frame.start, frame.end), RECORD_HEADER_SIZE);
  return bytes;
}
