/**
 * The memory that messages go through on their way to the kernel and from it: shared by all sockets of the thread, for a
 * system call finishes within one turn.
 *
 * @module
 */

import { MessageRecord } from "../../ffi/layout.gen.ts";
import { decodeControl } from "./control.ts";
import { MSG_CTRUNC, MSG_TRUNC } from "./options.ts";
import { SOCKADDR_SIZE, SockaddrDecoder } from "./sockaddr.ts";
import type { ReceivedMessage } from "./socket.ts";

/** Room for the data of a message, where nobody says how much. */
export const DATA_SIZE = 65536;
/** Room for its control messages, where nobody says how much. */
export const CONTROL_SIZE = 1024;
/** Messages of one system call. */
export const BATCH_MAX = 64;

/** Room for so many messages. */
export class Arena {
  /** A MessageRecord for each: where it lies, and what came of it. */
  readonly records: Uint8Array;
  /** Room for a sockaddr of each. */
  readonly addresses: Uint8Array;
  readonly data: Uint8Array;
  readonly control: Uint8Array;
  readonly #views: MessageRecord[];

  constructor(count: number, dataSize: number, controlSize: number) {
    this.records = new Uint8Array(count * MessageRecord.SIZE);
    this.addresses = new Uint8Array(count * SOCKADDR_SIZE);
    const view = new DataView(this.records.buffer);
    this.#views = Array.from(
      { length: count },
      (_, i) => new MessageRecord(view, i * MessageRecord.SIZE),
    );
    this.data = new Uint8Array(count * dataSize);
    this.control = new Uint8Array(count * controlSize);
  }

  /** The record of message `i`. */
  record(i: number): MessageRecord {
    return this.#views[i]!;
  }

  /** Places message `i`. */
  place(
    i: number,
    dataAt: number,
    dataLength: number,
    controlAt: number,
    controlLength: number,
  ): void {
    const record = this.#views[i]!;
    record.dataOffset = dataAt;
    record.dataLength = dataLength;
    record.controlOffset = controlAt;
    record.controlLength = controlLength;
    record.addressLength = 0;
    record.flags = 0;
  }
}

let single: Arena | null = null;
let batch: Arena | null = null;
let outgoing: Arena | null = null;

/** Room for one message to receive. */
export function singleArena(): Arena {
  return single ??= new Arena(1, DATA_SIZE, CONTROL_SIZE);
}

/** Room for many messages to send, as much as one has. */
export function outgoingArena(): Arena {
  return outgoing ??= new Arena(BATCH_MAX, DATA_SIZE / BATCH_MAX, 0);
}

/** Room for many messages to receive, all placed: each is again as soon as it was read. */
export function batchArena(): Arena {
  if (batch !== null) return batch;
  batch = new Arena(BATCH_MAX, DATA_SIZE, CONTROL_SIZE);
  for (let i = 0; i < BATCH_MAX; i++) placeInBatch(batch, i);
  return batch;
}

/** Places message `i` of {@linkcode batchArena}. */
export function placeInBatch(arena: Arena, i: number): void {
  arena.place(i, i * DATA_SIZE, DATA_SIZE, i * CONTROL_SIZE, CONTROL_SIZE);
}

/** Most messages of a burst have one sender. */
const senders = new SockaddrDecoder();

/** Message `i` as it came, a copy. Its data lie in `data`, which has `room` for them, its control messages in `control`. */
export function receivedMessage(
  arena: Arena,
  i: number,
  data: Uint8Array,
  room: number,
  control: Uint8Array,
): ReceivedMessage {
  const record = arena.record(i);
  const start = record.dataOffset;
  const length = record.dataLength;
  const flags = record.flags;
  const addressLength = record.addressLength;
  const controlLength = record.controlLength;
  const controlStart = record.controlOffset;
  const message: ReceivedMessage = {
    data: data.slice(start, start + Math.min(length, room)),
    length,
    from: addressLength === 0
      ? null
      : senders.decode(arena.addresses, i * SOCKADDR_SIZE, addressLength),
    control: controlLength === 0 ? [] : decodeControl(
      control.subarray(controlStart, controlStart + controlLength),
      (flags & MSG_CTRUNC) !== 0,
    ),
    truncated: (flags & MSG_TRUNC) !== 0,
    controlTruncated: (flags & MSG_CTRUNC) !== 0,
  };
  if (addressLength > 0 && message.from === null) {
    const at = i * SOCKADDR_SIZE;
    message.name = arena.addresses.slice(at, at + Math.min(addressLength, SOCKADDR_SIZE));
  }
  return message;
}
