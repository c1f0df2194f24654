/**
 * How one question gets to one server and its answer back: the seam between the resolver and UDP, TCP, and what encrypted
 * transports (RFC 7858, RFC 8484, RFC 9250) a network may advertise (RFC 9463).
 *
 * @module
 */

import { MifError } from "../error.ts";
import type { Query } from "./message.ts";

/** Where a server listens. */
export interface ServerAddress {
  /** RFC 5952 text. */
  address: string;
  /** UDP and TCP port. */
  port: number;
  /** Interface of a link-local address; a PvD's own where left out. */
  scopeId?: number;
}

/** A way to ask one server. */
export interface Transport {
  /**
   * Sends a query, whose ID is the transport's to set, and waits for the bytes of its answer: what
   * {@linkcode answerKind} takes for one.
   *
   * @throws {MifError} ETIMEDOUT; ECONNREFUSED and others that the network reports; ECANCELED; EBADMSG: so many wrong
   *   answers came that they may be forged; what selecting the PvD throws.
   */
  ask(query: Query, timeoutMs: number, cancellation: Cancellation): Promise<Uint8Array>;
}

/** The ways a server is asked by. */
export interface Transports {
  /** Answers may be cut (TC); then the other one is used. */
  datagram: Transport;
  stream: Transport;
}

/** Ends a question: what an AbortSignal is, without a listener for each of a hundred thousand questions a second. */
export class Cancellation {
  /** Whether it was ended. */
  cancelled = false;
  /** What is to be called then: of the one wait that is under way. */
  onCancel: (() => void) | null = null;

  /** Ends it. */
  cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.onCancel?.();
  }
}

/** The error of a question that nobody waits for any more. */
export function cancelled(): MifError {
  return new MifError("The question was cancelled", {
    code: "ECANCELED",
    errno: 125,
    syscall: "recv",
  });
}
