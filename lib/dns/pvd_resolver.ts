/**
 * The resolver of one provisioning domain: its servers, what is known of them, and what they answered.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { TIMEOUT_MAX_MS } from "../socket/socket.ts";
import { type Outcome, readOutcome } from "./answer.ts";
import { AnswerCache } from "./cache.ts";
import type { ExtendedError } from "./edns.ts";
import { type Message, type Question, Rcode, rcodeName } from "./message.ts";
import { type DnsName, nameToText } from "./name.ts";
import { readRdata, type RecordData } from "./rdata.ts";
import { recordTypeName } from "./record_type.ts";
import { isSilence, NameServer } from "./server.ts";
import { Cancellation, type ServerAddress, type Transports } from "./transport.ts";
import { MalformedDnsError } from "./wire.ts";

/** A record of an answer. */
export interface ResourceRecord {
  /** The name at the end of the aliases. */
  name: DnsName;
  type: number;
  /** How long it still holds: no longer than the aliases that led to it. */
  ttlSeconds: number;
  data: RecordData;
}

/** What a PvD's servers say of a name. Nobody may change it: others get it too. */
export interface NameAnswer {
  /** "nodata": the name exists, without records of the type. "nxdomain": it does not exist. */
  status: "found" | "nodata" | "nxdomain";
  /** The name at the end of the aliases. */
  canonicalName: DnsName;
  /** Of "found", in the server's order. */
  records: readonly ResourceRecord[];
  /** Which server answered. */
  server: ServerAddress;
  /** Why the answer is what it is, where the server says so (RFC 8914). */
  extendedErrors: readonly ExtendedError[];
}

/** How a PvD's servers are asked. */
export interface ResolverOptions {
  /** In the order they are asked. */
  servers: readonly ServerAddress[];
  /** How they are reached. */
  transports: (server: ServerAddress) => Transports;
  /** How long a server has to answer at first; twice as long in each later round. */
  timeoutMs: number;
  /** Whether `timeoutMs` is doubled in each later round. */
  backoff: boolean;
  /** How often each server is asked at most. */
  attempts: number;
  /** For all of it. */
  totalMs: number;
  /** Each question begins with the server behind the one before (resolv.conf(5)). */
  rotate: boolean;
  /** A clock that only moves forward. */
  nowMs: () => number;
  /** Whose servers they are, for messages. */
  owner: string;
}

/** What a caller may say. */
export interface AskOptions {
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds until the wait ends with EAI_AGAIN; the resolver itself gives up after 10 s or so. */
  timeoutMs?: number;
  /** As in {@linkcode Question}; false where left out. */
  randomCase?: boolean;
}

const NO_ERRORS: readonly ExtendedError[] = [];
/** Memory an answer takes beside its bytes. */
const ANSWER_BYTES = 512;
const RECORD_BYTES = 256;

/** Errors that say that the PvD has no way to a server, and not that the server is bad. */
const NO_WAY: readonly string[] = [
  "ENONET",
  "EPVDROUTE",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
];

/** A question that is being asked, for all who want to know. */
class Flight extends Cancellation {
  answer: Promise<NameAnswer> | null = null;
  /** How many wait who may still leave. */
  callers = 0;
}

/** What went wrong with one server, and what that means for the whole. */
interface Failure {
  server: ServerAddress;
  reason: string;
  kind: "no way" | "useless" | "later";
  error?: unknown;
}

/** Outcomes after which another server is asked. */
const USELESS = {
  lame: "it refers to other servers",
  loop: "the aliases (CNAME) lead nowhere",
} as const;

type UsefulOutcome = Outcome & { status: Exclude<Outcome["status"], keyof typeof USELESS> };

/** What a server said. */
interface Told {
  server: ServerAddress;
  message: Message;
  outcome: UsefulOutcome;
  records: ResourceRecord[];
}

/** Asks the servers of one PvD. */
export class PvdResolver {
  readonly #options: ResolverOptions;
  readonly #servers: NameServer[];
  readonly #cache: AnswerCache<NameAnswer>;
  readonly #flights = new Map<string, Flight>();
  #turn = 0;

  /** Asks nobody yet. */
  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#servers = options.servers.map((server) =>
      new NameServer(server, options.transports(server), options.nowMs)
    );
    this.#cache = new AnswerCache(options.nowMs);
  }

  /**
   * What the servers say, or said lately.
   *
   * @throws {MifError} EAI_AGAIN: no server answered, or it could not find out; EAI_FAIL: no server can be used for this
   *   question; what selecting the PvD throws where it has no way to any of its servers.
   * @throws The signal's reason.
   */
  resolve(name: DnsName, type: number, options: AskOptions = {}): Promise<NameAnswer> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const question = { name, type, randomCase: options.randomCase ?? false };
    const key = `${name.key} ${type}${question.randomCase ? " in random case" : ""}`;
    const known = this.#cache.get(key);
    if (known) return Promise.resolve(aged(known.value, known.ageSeconds));
    let flight = this.#flights.get(key);
    if (!flight) this.#flights.set(key, flight = new Flight());
    flight.callers++;
    const answer = flight.answer ??= this.#find(key, question, flight);
    const { signal, timeoutMs } = options;
    if (signal === undefined && timeoutMs === undefined) return answer;
    return this.#wait(key, flight, answer, question, options);
  }

  #land(key: string, flight: Cancellation): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }

  /** One caller's part in a flight: when the last one leaves, it ends. */
  #wait(
    key: string,
    flight: Flight,
    answer: Promise<NameAnswer>,
    question: Question,
    { signal, timeoutMs }: AskOptions,
  ): Promise<NameAnswer> {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      const leave = (reason: unknown) => {
        release();
        if (--flight.callers === 0) {
          flight.cancel();
          this.#land(key, flight);
        }
        reject(reason);
      };
      const abort = () => leave(signal!.reason);
      signal?.addEventListener("abort", abort, { once: true });
      if (timeoutMs !== undefined && timeoutMs <= TIMEOUT_MAX_MS) {
        timer = setTimeout(() =>
          leave(
            this.#failed(question, "EAI_AGAIN", `there was no answer within ${timeoutMs} ms`),
          ), timeoutMs);
      }
      answer.then((answer) => {
        release();
        resolve(answer);
      }, (error) => {
        release();
        reject(error);
      });
    });
  }

  /** Asks until the end of the aliases is reached, and keeps the answer. */
  async #find(
    key: string,
    question: Question,
    cancellation: Cancellation,
  ): Promise<NameAnswer> {
    const endMs = this.#options.nowMs() + this.#options.totalMs;
    let asked = question;
    let links = 0;
    let ttlSeconds = Infinity;
    try {
      while (true) {
        const told = await this.#ask(asked, links, endMs, cancellation);
        const { outcome, message, records } = told;
        links = outcome.links;
        ttlSeconds = Math.min(ttlSeconds, outcome.ttlSeconds);
        if (outcome.status === "unfinished") {
          asked = { ...question, name: outcome.name };
          continue;
        }
        for (const record of records) record.ttlSeconds = Math.min(record.ttlSeconds, ttlSeconds);
        const answer: NameAnswer = {
          status: outcome.status,
          canonicalName: outcome.name,
          records,
          server: told.server,
          extendedErrors: message.edns?.errors ?? NO_ERRORS,
        };
        const bytes = ANSWER_BYTES + message.bytes.length + RECORD_BYTES * records.length;
        this.#cache.set(key, answer, ttlSeconds, answer.status === "found", bytes);
        return answer;
      }
    } finally {
      this.#land(key, cancellation);
    }
  }

  /** Asks one server after the other until one has an answer. */
  async #ask(
    question: Question,
    links: number,
    endMs: number,
    cancellation: Cancellation,
  ): Promise<Told> {
    const { attempts, backoff, timeoutMs, nowMs } = this.#options;
    let silent: readonly NameServer[] = this.#order();
    const failures = new Map<NameServer, Failure>();
    for (let round = 0; round < attempts && silent.length > 0; round++) {
      const stillSilent: NameServer[] = [];
      for (const server of silent) {
        const leftMs = endMs - nowMs();
        if (leftMs <= 0) throw this.#givenUp(question, failures);
        const limitMs = Math.min(backoff ? timeoutMs * 2 ** round : timeoutMs, leftMs);
        try {
          const message = await server.ask(question, limitMs, cancellation);
          const said = judge(server.address, message, question, links);
          if ("outcome" in said) return said;
          failures.set(server, said);
        } catch (error) {
          if (cancellation.cancelled) throw error;
          const failure = failureOf(server.address, error);
          failures.set(server, failure);
          // One that answered does not think better of it at once.
          if (failure.kind === "later" && isSilence(error)) stillSilent.push(server);
        }
      }
      silent = stillSilent;
    }
    throw this.#givenUp(question, failures);
  }

  /** Those that answered lately first. */
  #order(): readonly NameServer[] {
    if (this.#servers.length < 2) return this.#servers;
    const from = this.#options.rotate ? this.#turn++ % this.#servers.length : 0;
    const inTurn = [...this.#servers.slice(from), ...this.#servers.slice(0, from)];
    const taking = inTurn.filter((server) => server.takesQuestions());
    return [...taking, ...inTurn.filter((server) => !taking.includes(server))];
  }

  #givenUp(question: Question, failures: Map<NameServer, Failure>): unknown {
    const all = [...failures.values()];
    if (all.length === 0) {
      return this.#failed(question, "EAI_FAIL", `${this.#options.owner} has no DNS server`);
    }
    // Nothing was asked: why not is the answer. That it has no address of one family says the least.
    if (all.every(({ kind }) => kind === "no way")) {
      const errors = all.map(({ error }) => error as MifError);
      return errors.find(({ code }) => code !== "EADDRNOTAVAIL") ?? errors[0]!;
    }
    const code = all.every(({ kind }) => kind === "useless") ? "EAI_FAIL" : "EAI_AGAIN";
    const reasons = all.map(({ server, reason }) => `${server.address}: ${reason}`);
    return this.#failed(question, code, reasons.join("; "), all.at(-1)!.error);
  }

  #failed({ name, type }: Question, code: string, why: string, cause?: unknown): MifError {
    const what = `${nameToText(name)} ${recordTypeName(type)}`;
    return new MifError(`Cannot resolve ${what} by ${this.#options.owner}: ${why}`, {
      code,
      syscall: "res_query",
      cause,
    });
  }
}

/** What an answer is worth. */
function judge(
  server: ServerAddress,
  message: Message,
  question: Question,
  links: number,
): Told | Failure {
  if (message.rcode !== Rcode.NOERROR && message.rcode !== Rcode.NXDOMAIN) {
    const kind = message.rcode === Rcode.SERVFAIL ? "later" : "useless";
    return { server, kind, reason: describeRefusal(message) };
  }
  const outcome = readOutcome(message, question, links);
  if (!isUseful(outcome)) {
    const reason = USELESS[outcome.status as keyof typeof USELESS];
    return { server, kind: "useless", reason };
  }
  const records = outcome.records.map(({ type, ttlSeconds, start, length }) => ({
    name: outcome.name,
    type,
    ttlSeconds,
    data: readRdata(type, message.bytes, start, length),
  }));
  return { server, message, outcome, records };
}

/** What an error means; one that is nobody's fault but ours goes on. */
function failureOf(server: ServerAddress, error: unknown): Failure {
  if (error instanceof MalformedDnsError) {
    const reason = `its answer cannot be read, ${error.message}`;
    return { server, kind: "useless", reason, error };
  }
  if (!(error instanceof MifError)) throw error;
  const kind = NO_WAY.includes(error.code) ? "no way" : "later";
  return { server, kind, reason: error.message, error };
}

function isUseful(outcome: Outcome): outcome is UsefulOutcome {
  return !(outcome.status in USELESS);
}

function describeRefusal({ rcode, edns }: Message): string {
  const errors = edns?.errors.map(({ code, text }) => `${code} ${text}`.trim()) ?? [];
  return errors.length === 0 ? rcodeName(rcode) : `${rcodeName(rcode)} (${errors.join(", ")})`;
}

/** The answer as it is so many seconds later. */
function aged(answer: NameAnswer, ageSeconds: number): NameAnswer {
  if (ageSeconds === 0 || answer.records.length === 0) return answer;
  return {
    ...answer,
    records: answer.records.map((record) => ({
      ...record,
      ttlSeconds: Math.max(0, record.ttlSeconds - ageSeconds),
    })),
  };
}
