/**
 * The pcapng file format (draft-ietf-opsawg-pcapng): blocks, of which a section header says the byte order, interface
 * descriptions say what the packets of each are, and the packet blocks hold them. All others are passed over.
 *
 * @module
 */

import { malformed } from "./error.ts";
import { type Format, type Frame, FRAME_SIZE_MAX } from "./frame.ts";
import type { Window } from "./window.ts";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
/** What enhanced packet blocks have replaced. */
const PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Type and length, and the length again at the end. */
const BLOCK_SIZE_MIN = 12;
/** Of a block that is read; with the options of a packet. */
const BLOCK_SIZE_MAX = FRAME_SIZE_MAX + 256 * 1024;
const INTERFACES_MAX = 65536;

const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;

/** What an interface description says. */
interface Interface {
  linkType: number;
  /** The most of a packet that was captured, 0 for all. */
  snaplen: number;
  name: string | null;
  /** Units of its clock in a second. */
  resolution: number;
  /** Seconds to add. */
  offsetSeconds: number;
}

/** Reads blocks, of one section after the other. */
export class PcapngFormat implements Format {
  #littleEndian = true;
  #interfaces: Interface[] = [];

  /** Null where the first bytes have not come yet, undefined where this is no such file. */
  static begin(window: Window): PcapngFormat | null | undefined {
    if (window.length < 4) return null;
    return window.view.getUint32(window.at) === SECTION_HEADER ? new PcapngFormat() : undefined;
  }

  /** Reads the next packet; false where it has not come yet. @throws {MifError} EBADMSG. */
  next(window: Window, frame: Frame): boolean {
    while (window.length >= BLOCK_SIZE_MIN) {
      const { at, view } = window;
      const type = view.getUint32(at, this.#littleEndian);
      // The same number in either order.
      if (type === SECTION_HEADER) this.#readOrder(view, at);
      const size = view.getUint32(at + 4, this.#littleEndian);
      if (size < BLOCK_SIZE_MIN || size % 4 !== 0) throw malformed(`a block has ${size} bytes`);
      if (type === SECTION_HEADER || !isRead(type)) {
        if (type === SECTION_HEADER) this.#interfaces = [];
        window.skip(size);
        continue;
      }
      if (size > BLOCK_SIZE_MAX) throw malformed(`a block claims to have ${size} bytes`);
      if (window.length < size) return false;
      if (view.getUint32(at + size - 4, this.#littleEndian) !== size) {
        throw malformed("a block's two lengths differ");
      }
      window.at += size;
      if (type === INTERFACE_DESCRIPTION) this.#describe(window, at, size);
      else {
        this.#packet(window, type, at, size, frame);
        return true;
      }
    }
    return false;
  }

  #readOrder(view: DataView, at: number): void {
    const order = [true, false].find((order) => view.getUint32(at + 8, order) === BYTE_ORDER_MAGIC);
    if (order === undefined) throw malformed("a section has no byte order");
    this.#littleEndian = order;
  }

  #describe({ bytes, view }: Window, at: number, size: number): void {
    if (size < 20) throw malformed("an interface's description is too short");
    if (this.#interfaces.length === INTERFACES_MAX) {
      throw malformed("there are too many interfaces");
    }
    const order = this.#littleEndian;
    const found: Interface = {
      linkType: view.getUint16(at + 8, order),
      snaplen: view.getUint32(at + 12, order),
      name: null,
      resolution: 1e6,
      offsetSeconds: 0,
    };
    const end = at + size - 4;
    for (let option = at + 16; option + 4 <= end;) {
      const code = view.getUint16(option, order);
      const length = view.getUint16(option + 2, order);
      const start = option + 4;
      if (code === 0) break;
      if (start + length > end) throw malformed("an interface's description is cut short");
      if (code === IF_NAME) found.name = nameOf(bytes.subarray(start, start + length));
      if (code === IF_TSRESOL && length === 1) found.resolution = resolutionOf(bytes[start]!);
      if (code === IF_TSOFFSET && length === 8) {
        found.offsetSeconds = Number(view.getBigInt64(start, order));
      }
      option = start + Math.ceil(length / 4) * 4;
    }
    this.#interfaces.push(found);
  }

  #packet({ bytes, view }: Window, type: number, at: number, size: number, frame: Frame): void {
    const order = this.#littleEndian;
    const isSimple = type === SIMPLE_PACKET;
    const header = isSimple ? 12 : 28;
    const room = size - header - 4;
    if (room < 0) throw malformed("a packet's block is too short");
    const number = isSimple
      ? 0
      : type === PACKET
      ? view.getUint16(at + 8, order)
      : view.getUint32(at + 8, order);
    const seen = this.#interfaces[number];
    if (seen === undefined) {
      throw malformed(`a packet is of interface ${number}, which is not described`);
    }
    frame.length = view.getUint32(at + (isSimple ? 8 : 24), order);
    const captured = isSimple
      ? Math.min(frame.length, seen.snaplen || frame.length, room)
      : view.getUint32(at + 20, order);
    if (captured > room) throw malformed("a packet is longer than its block");
    if (isSimple) frame.seconds = frame.nanoseconds = 0;
    else setTime(frame, view.getUint32(at + 12, order), view.getUint32(at + 16, order), seen);
    frame.linkType = seen.linkType;
    frame.interfaceName = seen.name;
    frame.bytes = bytes;
    frame.start = at + header;
    frame.end = frame.start + captured;
  }
}

function isRead(type: number): boolean {
  return type === ENHANCED_PACKET || type === INTERFACE_DESCRIPTION || type === SIMPLE_PACKET ||
    type === PACKET;
}

/** The name of an interface; what is not to be printed is not told. */
function nameOf(bytes: Uint8Array): string | null {
  const text = new TextDecoder().decode(bytes);
  return /^[!-~]{1,256}$/.test(text) ? text : null;
}

/** The highest bit says whether the rest is a power of 2 or of 10. */
function resolutionOf(value: number): number {
  const resolution = (value & 0x80 ? 2 : 10) ** (value & 0x7f);
  if (resolution > Number.MAX_SAFE_INTEGER) {
    throw malformed("an interface's clock is finer than any");
  }
  return resolution;
}

/** Two halves of a number of units since 1970. */
function setTime(frame: Frame, high: number, low: number, seen: Interface): void {
  const { resolution, offsetSeconds } = seen;
  // Beyond 2^53 a number of ours would not be exact.
  if (high < 2 ** 21) {
    const units = high * 2 ** 32 + low;
    frame.seconds = Math.floor(units / resolution) + offsetSeconds;
    frame.nanoseconds = nanoseconds(units % resolution, resolution);
  } else {
    const units = BigInt(high) << 32n | BigInt(low);
    const whole = BigInt(resolution);
    frame.seconds = Number(units / whole) + offsetSeconds;
    frame.nanoseconds = nanoseconds(Number(units % whole), resolution);
  }
}

function nanoseconds(units: number, resolution: number): number {
  return resolution <= 1e9 && 1e9 % resolution === 0
    ? units * (1e9 / resolution)
    : Math.floor(units / resolution * 1e9);
}
