/**
 * Frames of a WebSocket client (RFC 6455 5): what is sent, masked, and the messages in what comes.
 *
 * @module
 */

import { GrowingBytes } from "../http/growing_bytes.ts";

/** What a frame is (RFC 6455 5.2). */
export const Opcode = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** Status codes that this side sends (RFC 6455 7.4.1). */
export const CloseCode = { protocolError: 1002, invalidData: 1007, tooBig: 1009 } as const;

/** The peer does not speak the protocol; `code` is what it is told. */
export class FrameError extends Error {
  /** One of {@linkcode CloseCode}. */
  readonly code: number;

  /** What the peer did. */
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A whole frame with a mask of its own, so that nobody can choose what goes over the wire (RFC 6455 10.3). */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
  // The payload begins at a multiple of four, so that it is masked by words.
  const start = extended === 8 ? 16 : 8;
  const headSize = 2 + extended + 4;
  const memory = new Uint8Array(start + length + (-length & 3));
  const frame = memory.subarray(start - headSize, start + length);
  const view = new DataView(memory.buffer, start - headSize);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) view.setUint16(2, length);
  if (extended === 8) view.setBigUint64(2, BigInt(length));
  const mask = crypto.getRandomValues(frame.subarray(2 + extended, headSize));
  memory.set(payload, start);
  const word = new Uint32Array(mask.slice().buffer)[0]!;
  const words = new Uint32Array(memory.buffer, start);
  for (let i = 0; i < words.length; i++) words[i]! ^= word;
  return frame;
}

/** What comes out of frames. */
export interface MessageHandler {
  onMessage(data: Uint8Array<ArrayBuffer>, isText: boolean): void;
  /** The bytes are to be sent back. */
  onPing(data: Uint8Array): void;
  /** 1005 where the peer gave no code. */
  onClose(code: number, reason: string): void;
}

/** Reads a server's frames out of what a connection gives, whose pieces end where they like. */
export class MessageReader {
  readonly #handler: MessageHandler;
  readonly #messageSizeMax: number;
  readonly #header = new Uint8Array(10);
  #headerLength = 0;
  #opcode = 0;
  #isFinal = false;
  /** Bytes of the frame's payload that are still to come; -1 while the header is not whole. */
  #left = -1;
  /** The message that frames are added to, and its kind; 0 while there is none. */
  readonly #message = new GrowingBytes();
  #kind = 0;
  readonly #control = new GrowingBytes();

  /** @param messageSizeMax In bytes; a larger message is refused. */
  constructor(handler: MessageHandler, messageSizeMax: number) {
    this.#handler = handler;
    this.#messageSizeMax = messageSizeMax;
  }

  /**
   * Takes what came.
   *
   * @throws {FrameError} Nothing may be read after it.
   */
  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#left < 0) {
        this.#header[this.#headerLength++] = bytes[at++]!;
        if (this.#isHeaderWhole()) this.#onHeader();
      } else {
        const part = bytes.subarray(at, at + this.#left);
        (this.#isControl ? this.#control : this.#message).append(part);
        at += part.length;
        this.#left -= part.length;
      }
      if (this.#left === 0) this.#onFrame();
    }
  }

  get #isControl(): boolean {
    return this.#opcode >= Opcode.close;
  }

  #isHeaderWhole(): boolean {
    const length = this.#header[1]! & 0x7f;
    return this.#headerLength >= 2 &&
      this.#headerLength === (length === 126 ? 4 : length === 127 ? 10 : 2);
  }

  #onHeader(): void {
    const [first, second] = this.#header as unknown as [number, number];
    if ((first & 0x70) !== 0) throw protocolError("a frame uses an extension");
    if ((second & 0x80) !== 0) throw protocolError("a frame is masked");
    this.#isFinal = (first & 0x80) !== 0;
    this.#opcode = first & 0x0f;
    const length = this.#payloadLength(second);
    if (this.#isControl) {
      if (this.#opcode > Opcode.pong) throw protocolError("a frame is of an unknown kind");
      if (!this.#isFinal || length > 125) throw protocolError("a control frame is no small one");
    } else {
      this.#onDataHeader(length);
    }
    this.#headerLength = 0;
    this.#left = length;
  }

  #onDataHeader(length: number): void {
    if (this.#opcode > Opcode.binary) throw protocolError("a frame is of an unknown kind");
    if ((this.#opcode === Opcode.continuation) !== (this.#kind !== 0)) {
      throw protocolError("a message begins inside another, or goes on without a beginning");
    }
    if (this.#message.length + length > this.#messageSizeMax) {
      throw new FrameError(
        CloseCode.tooBig,
        `a message is larger than ${this.#messageSizeMax} bytes`,
      );
    }
    if (this.#kind === 0) this.#kind = this.#opcode;
  }

  #payloadLength(second: number): number {
    const view = new DataView(this.#header.buffer);
    const short = second & 0x7f;
    if (short < 126) return short;
    const isLong = short === 127;
    const length = isLong ? Number(view.getBigUint64(2)) : view.getUint16(2);
    if (length < (isLong ? 0x10000 : 126)) {
      throw protocolError("a length is longer than it need be");
    }
    return length;
  }

  #onFrame(): void {
    this.#left = -1;
    if (this.#isControl) return this.#onControl(this.#control.take());
    if (!this.#isFinal) return;
    const isText = this.#kind === Opcode.text;
    this.#kind = 0;
    this.#handler.onMessage(this.#message.take(), isText);
  }

  #onControl(data: Uint8Array): void {
    if (this.#opcode === Opcode.ping) return this.#handler.onPing(data);
    if (this.#opcode !== Opcode.close) return;
    if (data.length === 0) return this.#handler.onClose(1005, "");
    const code = data.length === 1 ? 0 : data[0]! << 8 | data[1]!;
    if (!mayBeReceived(code)) throw protocolError(`the peer closes with ${code}`);
    this.#handler.onClose(code, decodeText(data.subarray(2)));
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The text of a message or reason.
 *
 * @throws {FrameError} It is no UTF-8.
 */
export function decodeText(data: Uint8Array): string {
  try {
    return utf8.decode(data);
  } catch {
    throw new FrameError(CloseCode.invalidData, "a text is no UTF-8");
  }
}

/** Codes that may stand in a frame (RFC 6455 7.4, and IANA's registry of today). */
function mayBeReceived(code: number): boolean {
  const registered = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
  return registered || (code >= 3000 && code <= 4999);
}

function protocolError(message: string): FrameError {
  return new FrameError(CloseCode.protocolError, message);
}
