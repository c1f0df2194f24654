/**
 * One name server: by which transport and in which form it is asked, and whether it is worth asking.
 *
 * @module
 */

import { MifError } from "../error.ts";
import {
  encodeQuery,
  HEADER_SIZE,
  type Message,
  type Query,
  type Question,
  Rcode,
  readMessage,
} from "./message.ts";
import type { Cancellation, ServerAddress, Transports } from "./transport.ts";

/** A server that did not answer is passed over for so long, and twice as long each time after that. */
const SILENT_MS = 5_000;
const SILENT_MAX_MS = 300_000;
/** A server that refused EDNS gets it again after this. */
const PLAIN_MS = 600_000;

/** RCODEs of servers that cannot bear an OPT record (RFC 6891 7, 6.1.3). */
const EDNS_REFUSED: readonly number[] = [Rcode.FORMERR, Rcode.NOTIMP, Rcode.BADVERS];

/** One server of a PvD. */
export class NameServer {
  readonly address: ServerAddress;
  readonly #transports: Transports;
  readonly #nowMs: () => number;
  #plainUntilMs = -Infinity;
  #silences = 0;
  #silentUntilMs = -Infinity;
  #lastSilenceMs = -Infinity;

  /** @param nowMs A clock that only moves forward. */
  constructor(address: ServerAddress, transports: Transports, nowMs: () => number) {
    this.address = address;
    this.#transports = transports;
    this.#nowMs = nowMs;
  }

  /**
   * Whether it answered lately, or was not asked. When its time of being passed over ends, the one who asks this is to try it:
   * others pass it over a while longer.
   */
  takesQuestions(): boolean {
    const nowMs = this.#nowMs();
    if (nowMs < this.#silentUntilMs) return false;
    if (this.#silences > 0) this.#silentUntilMs = nowMs + SILENT_MS;
    return true;
  }

  /**
   * Asks one question, by TCP where the answer does not fit into UDP and without EDNS where the server cannot bear it.
   *
   * @throws {MifError} What transports throw.
   * @throws {MalformedDnsError} The answer cannot be read.
   */
  async ask(
    question: Question,
    timeoutMs: number,
    cancellation: Cancellation,
  ): Promise<Message> {
    const askedMs = this.#nowMs();
    const endMs = askedMs + timeoutMs;
    if (askedMs < this.#plainUntilMs) {
      return await this.#exchange(question, false, askedMs, endMs, cancellation);
    }
    const message = await this.#exchange(question, true, askedMs, endMs, cancellation);
    if (!EDNS_REFUSED.includes(message.rcode)) return message;
    const nowMs = this.#nowMs();
    const plain = await this.#exchange(question, false, nowMs, endMs, cancellation);
    if (!EDNS_REFUSED.includes(plain.rcode)) this.#plainUntilMs = nowMs + PLAIN_MS;
    return plain;
  }

  async #exchange(
    question: Question,
    edns: boolean,
    askedMs: number,
    endMs: number,
    cancellation: Cancellation,
  ): Promise<Message> {
    const { datagram, stream } = this.#transports;
    const query = encodeQuery(question, edns);
    try {
      const bytes = await datagram.ask(query, Math.max(1, endMs - askedMs), cancellation);
      const message = readAnswer(question, query, bytes);
      this.#silences = 0;
      this.#silentUntilMs = -Infinity;
      if (!message.truncated) return message;
    } catch (error) {
      if (isSilence(error)) this.#fellSilent(askedMs);
      // Somebody may be forging answers, which he cannot do to a connection.
      if (!(error instanceof MifError) || error.code !== "EBADMSG") throw error;
    }
    const leftMs = Math.max(1, endMs - this.#nowMs());
    return readAnswer(question, query, await stream.ask(query, leftMs, cancellation));
  }

  /** A question that was asked at `askedMs` had no answer. */
  #fellSilent(askedMs: number): void {
    // Many questions of the same time fall silent together: that counts once.
    if (askedMs < this.#lastSilenceMs) return;
    const nowMs = this.#nowMs();
    this.#lastSilenceMs = nowMs;
    this.#silentUntilMs = nowMs + Math.min(SILENT_MS * 2 ** this.#silences, SILENT_MAX_MS);
    this.#silences++;
  }
}

/** The answer with the letters of the name as they were asked for: its other names point to that one. */
function readAnswer({ name, randomCase }: Question, query: Query, bytes: Uint8Array): Message {
  if (randomCase && bytes[5] === 1) bytes.set(name.wire, HEADER_SIZE);
  return readMessage(bytes, { name, end: query.questionEnd });
}

/** Errors of a server that is not there, or of a network that says so. */
const SILENCE: readonly string[] = ["ETIMEDOUT", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"];

/** Whether an error says that the server is not there. */
export function isSilence(error: unknown): boolean {
  return error instanceof MifError && SILENCE.includes(error.code);
}
