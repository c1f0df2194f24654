/**
 * Capture files put together by hand, in every form there is.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** A packet of a file. */
export interface Packet {
  seconds: number;
  /** Within the second, in nanoseconds. */
  nanoseconds: number;
  bytes: Uint8Array;
  /** On the link; that of `bytes` where left out. */
  length?: number;
}

/** How a file is written. */
export interface FileForm {
  littleEndian: boolean;
  nanoseconds?: boolean;
  linkType: number;
}

/** Numbers in one byte order: each is its size and its value. */
export function numbers(littleEndian: boolean, ...fields: [size: number, value: number][]): Buffer {
  return Buffer.concat(fields.map(([size, value]) => {
    const bytes = Buffer.alloc(size);
    const view = new DataView(bytes.buffer, bytes.byteOffset, size);
    if (size === 1) view.setUint8(0, value);
    else if (size === 2) view.setUint16(0, value, littleEndian);
    else if (size === 4) view.setUint32(0, value, littleEndian);
    else view.setBigUint64(0, BigInt(value), littleEndian);
    return bytes;
  }));
}

/** A pcap file. */
export function pcapFile(form: FileForm, packets: readonly Packet[]): Uint8Array {
  const { littleEndian, nanoseconds = false, linkType } = form;
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = numbers(
    littleEndian,
    ...[[4, magic], [2, 2], [2, 4], [4, 0], [4, 0], [4, 65535], [4, linkType]] as [
      number,
      number,
    ][],
  );
  const records = packets.flatMap((packet) => [
    numbers(
      littleEndian,
      [4, packet.seconds],
      [4, nanoseconds ? packet.nanoseconds : packet.nanoseconds / 1000],
      [4, packet.bytes.length],
      [4, packet.length ?? packet.bytes.length],
    ),
    packet.bytes,
  ]);
  return new Uint8Array(Buffer.concat([header, ...records]));
}

/** A block of a pcapng file: its length before and behind it, and padding. */
export function block(littleEndian: boolean, type: number, body: Uint8Array): Buffer {
  const padding = Buffer.alloc(-body.length & 3);
  const size = 12 + body.length + padding.length;
  return Buffer.concat([
    numbers(littleEndian, [4, type], [4, size]),
    body,
    padding,
    numbers(littleEndian, [4, size]),
  ]);
}

/** An option of a block. */
export function option(littleEndian: boolean, code: number, value: Uint8Array): Buffer {
  const padding = Buffer.alloc(-value.length & 3);
  return Buffer.concat([numbers(littleEndian, [2, code], [2, value.length]), value, padding]);
}

/** The header of a section. */
export function section(littleEndian: boolean): Buffer {
  const unknown = Buffer.alloc(8, 0xff);
  const head = numbers(littleEndian, [4, 0x1a2b3c4d], [2, 1], [2, 0]);
  return block(littleEndian, 0x0a0d0d0a, Buffer.concat([head, unknown]));
}

/** An interface's description, with options. */
export function description(
  littleEndian: boolean,
  linkType: number,
  options: Uint8Array = Buffer.alloc(0),
  snaplen = 0,
): Buffer {
  const head = numbers(littleEndian, [2, linkType], [2, 0], [4, snaplen]);
  return block(littleEndian, 1, Buffer.concat([head, options]));
}

/** An enhanced packet block; `units` is its time. */
export function enhanced(
  littleEndian: boolean,
  interfaceNumber: number,
  units: bigint,
  bytes: Uint8Array,
  length = bytes.length,
): Buffer {
  const head = numbers(
    littleEndian,
    [4, interfaceNumber],
    [4, Number(units >> 32n)],
    [4, Number(units & 0xffffffffn)],
    [4, bytes.length],
    [4, length],
  );
  const padding = Buffer.alloc(-bytes.length & 3);
  // A comment behind it.
  const comment = option(littleEndian, 1, Buffer.from("seen"));
  return block(littleEndian, 6, Buffer.concat([head, bytes, padding, comment]));
}
