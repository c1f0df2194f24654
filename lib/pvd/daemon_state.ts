/**
 * What the `mif` daemon says to everybody else: its format, JSON in one line. Pure.
 *
 * It holds what was heard and nothing that was concluded from it: options as they came, in hexadecimal, under the router
 * and PvD they came from, each with its time on CLOCK_BOOTTIME. A reader counts the lifetimes itself and joins them with
 * what its own kernel has, so that a daemon that is wrong or late adds no address and no route. What is read is checked
 * in every part, options by the parsers that read them from the network, and refused as a whole.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { canonicalAddress, isLinkLocal, parseAddress } from "../ip/address.ts";
import type { JsonObject, JsonValue } from "../json/i_json.ts";
import {
  buildHeader,
  HEADER_SIZE,
  parseHeader,
  ROUTER_ADVERTISEMENT,
} from "../ndp/advertisement_header.ts";
import { buildOption } from "../ndp/build_option.ts";
import { parseOption } from "../ndp/options.ts";
import { isPvdId, type PvdName } from "../ndp/pvd_option.ts";
import { array, isUnsigned, object, parseJson } from "../sources/json_value.ts";
import { quote } from "../sources/resolver_values.ts";
import { type PvdAdditionalInfo, readAdditionalInfo } from "./additional_info.ts";
import type { HeardBy, HeardHeader, HeardOption, HeardWords } from "./advertisement_memory.ts";

/** Where it lies, and what else stands there. */
export const DAEMON_DIRECTORY = "/run/mif";
/** The state as a file. */
export const STATE_FILE = "/run/mif/state.json";
/** Gives the state, and the next one whenever something is otherwise. */
export const STATE_SOCKET = "/run/mif/socket";

/** No state is larger; a daemon leaves out what was heard first. */
export const STATE_SIZE_MAX = 4 * 1024 * 1024;
/** So often a daemon says that it goes on; that it is there its socket says. */
export const HEARTBEAT_MS = 60_000;
/** One that is there and has not said so for this time hangs. */
export const SILENCE_MAX_MS = 150_000;
/** So long counts what one has said that is not there any more: it may only be restarting. */
export const ABSENCE_MAX_MS = 10_000;

const FORMAT = "mif-daemon-state";
const SIGN = "mif-daemon-sign-of-life";
const SIGN_SIZE_MAX = 256;
const VERSION = 1;
/** As many as a memory holds. */
const PVDS_MAX = 1024;
const OPTIONS_MAX = 4096;
const BY: HeardBy = "mif-daemon";

/** All that one state says. */
export interface DaemonState {
  /** Another one for each run of a daemon. */
  instance: string;
  /** Its process, in its own PID namespace. */
  pid: number;
  /** SO_NETNS_COOKIE: the network namespace that it listened in. */
  network: string;
  /** CLOCK_BOOTTIME in milliseconds. */
  writtenMs: number;
  words: HeardWords;
  /** Of each link, by index, which attachment to it was the last that was heard of. */
  attachments: ReadonlyMap<number, string>;
  /** What it fetched of explicit PvDs, and still holds. */
  infos: readonly FetchedInfo[];
}

/** The additional information of one PvD, of the sequence number it has now. */
export interface FetchedInfo {
  /** Index of the link. */
  interface: number;
  router: string;
  id: string;
  sequence: number;
  info: PvdAdditionalInfo;
}

/** A text is no state; the message says why in a few words. */
export class StateError extends Error {
  /** The name of the class. */
  override readonly name = "StateError";
}

/** One line, without its end. What would make it longer than {@linkcode STATE_SIZE_MAX} is left out, the earliest first. */
export function encodeState(
  { words, attachments, infos, writtenMs, ...rest }: DaemonState,
): string {
  const pvds = new Map<string, { said: JsonObject; options: JsonValue[] }>();
  let size = 1024 + 128 * attachments.size;
  const fits = (part: JsonValue) => (size += JSON.stringify(part).length + 16) <= STATE_SIZE_MAX;
  for (const one of words.headers.toReversed()) {
    const { interface: index, router, pvd, heardMs, header, isHeaderNested } = one;
    const said: JsonObject = {
      interface: index,
      router,
      pvd: pvd && { ...pvd },
      heardMs: Math.floor(heardMs),
      header: buildHeader(header).toHex(),
      nested: isHeaderNested,
    };
    if (fits(said)) pvds.set(`${index} ${router} ${pvd?.id ?? ""}`, { said, options: [] });
  }
  for (const one of words.options.toReversed()) {
    const pvd = pvds.get(`${one.interface} ${one.router} ${one.pvd ?? ""}`);
    const option: JsonObject = {
      heardMs: Math.floor(one.heardMs),
      option: buildOption(one.option).toHex(),
      nested: one.isNested,
    };
    if (pvd && fits(option)) pvd.options.push(option);
  }
  for (const { interface: index, router, id, sequence, info } of infos) {
    const said = pvds.get(`${index} ${router} ${id}`)?.said;
    const isOfNow = object(said?.["pvd"])?.["sequence"] === sequence;
    if (said && isOfNow && fits(info as JsonObject)) said["additionalInfo"] = info as JsonObject;
  }
  return JSON.stringify({
    format: FORMAT,
    version: VERSION,
    ...rest,
    writtenMs: Math.floor(writtenMs),
    attachments: Object.fromEntries(attachments),
    // As they were said: of two of one time the later counts.
    pvds: [...pvds.values()].toReversed()
      .map(({ said, options }) => ({ ...said, options: options.toReversed() })),
  });
}

/** One line that says that the state given last holds on. */
export function encodeSign(writtenMs: number): string {
  return JSON.stringify({ format: SIGN, version: VERSION, writtenMs: Math.floor(writtenMs) });
}

/**
 * When a line was written that is a sign of life; null where it is something else, as a state is.
 *
 * @throws {StateError} It is one of another version.
 */
export function decodeSign(text: string): number | null {
  if (text.length > SIGN_SIZE_MAX) return null;
  const json = parseJson(text, []);
  if (json?.["format"] !== SIGN) return null;
  demand(json["version"] === VERSION, `it is of version ${quote(String(json["version"]))}`);
  const { writtenMs } = json;
  demand(isUnsigned(writtenMs, Number.MAX_SAFE_INTEGER), "writtenMs");
  return writtenMs;
}

/** What a text says. @throws {StateError} It is not what {@linkcode encodeState} gives. */
export function decodeState(text: string): DaemonState {
  const problems: string[] = [];
  const json = parseJson(text, problems);
  if (!json) throw new StateError(problems[0]);
  demand(json["format"] === FORMAT, "it is no state of a mif daemon");
  demand(json["version"] === VERSION, `it is of version ${quote(String(json["version"]))}`);
  const { instance, pid, network, writtenMs } = json;
  demand(isUnsigned(writtenMs, Number.MAX_SAFE_INTEGER), "writtenMs");
  demand(typeof instance === "string" && /^[0-9a-f]{32}$/.test(instance), "instance");
  demand(isUnsigned(pid, 0x7fffffff), "pid");
  demand(typeof network === "string" && /^\d{1,20}$/.test(network), "network");
  const attachments = decodeAttachments(json["attachments"]);
  const list = listOf(json["pvds"], PVDS_MAX, "pvds");
  const headers: HeardHeader[] = [];
  const options: HeardOption[] = [];
  const infos: FetchedInfo[] = [];
  list.forEach((value, i) => {
    const said = object(value);
    demand(said !== null, `pvds[${i}]`);
    const header = decodeHeader(said, writtenMs, `pvds[${i}]`);
    headers.push(header);
    if (said["additionalInfo"] !== undefined) {
      infos.push(decodeInfo(said["additionalInfo"], header, `pvds[${i}].additionalInfo`));
    }
    listOf(said["options"], OPTIONS_MAX - options.length, `pvds[${i}].options`).forEach(
      (one, k) => {
        options.push(decodeOption(one, header, writtenMs, `pvds[${i}].options[${k}]`));
      },
    );
  });
  return { instance, pid, network, writtenMs, words: { headers, options }, attachments, infos };
}

function decodeAttachments(value: JsonValue | undefined): Map<number, string> {
  const attachments = new Map<number, string>();
  if (value === undefined) return attachments;
  const said = object(value);
  demand(said !== null && Object.keys(said).length <= PVDS_MAX, "attachments");
  for (const [index, attachment] of Object.entries(said)) {
    demand(/^[1-9]\d{0,9}$/.test(index), "attachments");
    demand(typeof attachment === "string" && attachment.length <= 64, `attachments.${index}`);
    attachments.set(Number(index), attachment);
  }
  return attachments;
}

function decodeInfo(value: JsonValue, { pvd, ...of }: HeardHeader, where: string): FetchedInfo {
  demand(pvd !== null, where);
  const { id, sequence } = pvd;
  try {
    // Whether it still holds is looked at when it is used.
    const info = readAdditionalInfo(value, id, 0);
    return { interface: of.interface, router: of.router, id, sequence, info };
  } catch (error) {
    if (!(error instanceof MifError)) throw error;
    throw new StateError(`${where} is not as it should be: ${error.message}`);
  }
}

function decodeHeader(said: JsonObject, writtenMs: number, where: string): HeardHeader {
  const { interface: index, router, heardMs, nested } = said;
  demand(isUnsigned(index, 0x7fffffff) && index > 0, `${where}.interface`);
  demand(typeof router === "string" && isLinkLocalText(router), `${where}.router`);
  demand(isUnsigned(heardMs, writtenMs), `${where}.heardMs`);
  const bytes = bytesOf(said["header"], HEADER_SIZE, `${where}.header`);
  demand(bytes.length === HEADER_SIZE && bytes[0] === ROUTER_ADVERTISEMENT, `${where}.header`);
  demand(typeof nested === "boolean", `${where}.nested`);
  const pvd = decodeName(said["pvd"], `${where}.pvd`);
  const header = parseHeader(bytes);
  return { interface: index, router, by: BY, pvd, header, isHeaderNested: nested, heardMs };
}

function decodeName(value: JsonValue | undefined, where: string): PvdName | null {
  if (value === null) return null;
  const name = object(value);
  demand(name !== null, where);
  const { id, httpInfo, legacy, delay, sequence } = name;
  demand(typeof id === "string" && isPvdId(id), `${where}.id`);
  demand(typeof httpInfo === "boolean", `${where}.httpInfo`);
  demand(typeof legacy === "boolean", `${where}.legacy`);
  demand(isUnsigned(delay, 15), `${where}.delay`);
  demand(isUnsigned(sequence, 0xffff), `${where}.sequence`);
  return { id, httpInfo, legacy, delay, sequence };
}

function decodeOption(
  value: JsonValue,
  { interface: index, router, pvd }: HeardHeader,
  writtenMs: number,
  where: string,
): HeardOption {
  const said = object(value);
  demand(said !== null, where);
  const { heardMs, nested } = said;
  demand(isUnsigned(heardMs, writtenMs), `${where}.heardMs`);
  demand(typeof nested === "boolean", `${where}.nested`);
  const option = parseOption(bytesOf(said["option"], 2040, `${where}.option`));
  demand(option !== null, `${where}.option`);
  const from = { interface: index, router, pvd: pvd?.id ?? null, by: BY };
  // Who learns it counts its end anew.
  return { ...from, option, heardMs, expiresMs: 0, isWhole: true, isNested: nested };
}

function isLinkLocalText(text: string): boolean {
  const address = canonicalAddress(text) === text ? parseAddress(text) : null;
  return address !== null && address.bytes.length === 16 && isLinkLocal(address.bytes) &&
    address.zone === null;
}

function listOf(value: JsonValue | undefined, max: number, where: string): JsonValue[] {
  demand(Array.isArray(value) && value.length <= max, where);
  return array(value);
}

function bytesOf(value: JsonValue | undefined, max: number, where: string): Uint8Array {
  demand(
    typeof value === "string" && value.length <= 2 * max && /^([0-9a-f]{2})*$/.test(value),
    where,
  );
  return Uint8Array.fromHex(value);
}

function demand(holds: boolean, what: string): asserts holds {
  if (!holds) {
    throw new StateError(what.startsWith("it ") ? what : `${what} is not as it should be`);
  }
}
