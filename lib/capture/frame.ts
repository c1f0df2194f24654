/**
 * A frame of a capture, from a file or from the wire.
 *
 * @module
 */

import type { Window } from "./window.ts";

/** One frame, as it was seen on a link. Whoever gives it may use the object again for the next one. */
export interface Frame {
  /** When it was seen: whole seconds since 1970. */
  seconds: number;
  /** And the rest, 0 to 999999999. */
  nanoseconds: number;
  /** LINKTYPE_* of the pcap files: what the bytes begin with. */
  linkType: number;
  /** The memory in which it lies. */
  bytes: Uint8Array;
  /** Where it begins in `bytes`. */
  start: number;
  /** Where what was captured of it ends. */
  end: number;
  /** The length it had on the link; more than is here where the capture cut it. */
  length: number;
  /** The interface that saw it, null where that is not known. */
  interfaceName: string | null;
}

/** A file format behind its first header. */
export interface Format {
  /**
   * Reads the next frame into `frame`; false where it has not come whole yet.
   *
   * @throws {MifError} EBADMSG.
   */
  next(window: Window, frame: Frame): boolean;
}

/** No frame is longer: the largest packets of IPv6 that Linux makes (BIG TCP) are half as long. */
export const FRAME_SIZE_MAX = 1024 * 1024;

/** A frame before anything was read into it. */
export function emptyFrame(): Frame {
  const nothing = { bytes: new Uint8Array(0), start: 0, end: 0, length: 0 };
  return { seconds: 0, nanoseconds: 0, linkType: 0, ...nothing, interfaceName: null };
}
