/**
 * `mif mh send`: one mobility message, right or wrong, to test what a stack makes of it.
 *
 * @module
 */

import {
  type MobilityMessageInit,
  type MobilityOptionInit,
  type MobilitySocket,
  mobilitySocket,
  type ReceivedMobility,
} from "../lib/mobility/mod.ts";
import { interfaceIndex, interfaceNameOf } from "../lib/netlink/current.ts";
import { IPPROTO_MH } from "../lib/socket/options.ts";
import { MifError } from "../mod.ts";
import { bytesOf } from "./hex.ts";
import { describeJson } from "./mh_json.ts";
import { BA_FLAGS, BU_FLAGS, describeLine } from "./mh_line.ts";
import type { Seen } from "./mh_seen.ts";
import { namedPvd } from "./pvd_argument.ts";
import { readWords, UsageError } from "./usage.ts";

/** Fields of the messages. */
const FIELDS = {
  cookie: { type: "string" },
  token: { type: "string" },
  "nonce-index": { type: "string" },
  sequence: { type: "string" },
  flags: { type: "string" },
  lifetime: { type: "string" },
  status: { type: "string" },
  "home-address": { type: "string" },
  data: { type: "string" },
  "refresh-advice": { type: "string" },
  "alternate-care-of-address": { type: "string" },
  "nonce-indices": { type: "string" },
  option: { type: "string", multiple: true },
  authenticator: { type: "string" },
} as const;

/** How a message goes. */
const WAY = {
  to: { type: "string" },
  from: { type: "string" },
  pvd: { type: "string" },
  "home-address-option": { type: "string" },
  "care-of-address": { type: "string" },
  checksum: { type: "string" },
  wait: { type: "string" },
  json: { type: "boolean" },
} as const;

type Fields = { [Name in Exclude<keyof typeof FIELDS, "option">]?: string } & { option?: string[] };

/**
 * Sends a message of a type, or bytes as they are (`mif mh send HEX`). With `--wait` the text is what comes in so many
 * seconds, a line or with `--json` an object for each message.
 */
export async function* send(words: string[]): AsyncGenerator<string> {
  const { values, positionals } = readWords(words, { ...WAY, ...FIELDS }, ["TYPE"]);
  if (values.to === undefined) throw new UsageError("--to ADDRESS is missing");
  const message = messageOf(positionals[0]!, values);
  const to = destinationOf(values.to);
  const checksum = values.checksum === undefined
    ? undefined
    : numberOf("--checksum", values.checksum);
  const waitMs = numberOf("--wait", values.wait ?? "0") * 1000;
  using socket = mobilitySocket({
    pvd: await namedPvd(values.pvd, false) ?? undefined,
    wire: waitMs > 0,
  });
  try {
    await socket.send(message, {
      to,
      from: values.from,
      homeAddress: values["home-address-option"],
      careOfAddress: values["care-of-address"],
      checksum,
    });
  } catch (error) {
    // A field or an address that is none.
    if (error instanceof MifError) throw error;
    throw new UsageError((error as Error).message);
  }
  const endMs = performance.now() + waitMs;
  for (let leftMs = waitMs; leftMs > 0; leftMs = endMs - performance.now()) {
    const received = await next(socket, leftMs);
    if (received === null) return;
    const it = seenBy(received);
    yield (values.json ? describeJson(it) : describeLine(it)) + "\n";
  }
}

/** The next message; null when the time is over. */
async function next(socket: MobilitySocket, timeoutMs: number): Promise<ReceivedMobility | null> {
  try {
    return await socket.receive({ timeoutMs });
  } catch (error) {
    if (error instanceof MifError && error.code === "ETIMEDOUT") return null;
    throw error;
  }
}

/** What a socket received, as a capture would show it. */
function seenBy(received: ReceivedMobility): Seen {
  const { bytes, message, verdict, wireSource, wireDestination, destination } = received;
  const isRouted = destination !== wireDestination;
  return {
    time: new Date().toISOString(),
    interfaceName: interfaceNameOf(received.interface),
    src: wireSource,
    dst: wireDestination,
    tunnel: null,
    homeAddress: received.homeAddress,
    routingHeader: isRouted ? { type: 2, segmentsLeft: 1, finalDestination: destination } : null,
    protocol: IPPROTO_MH,
    bytes,
    complete: true,
    message,
    checksumOk: verdict.ok || verdict.fault !== "checksum",
    verdict,
  };
}

/** An address, whose zone may be an interface's name. */
function destinationOf(text: string): { address: string; scopeId?: number } {
  const [address = "", zone] = text.split("%");
  if (zone === undefined) return { address };
  const index = /^\d+$/.test(zone) ? Number(zone) : interfaceIndex(zone);
  if (index === null) throw new UsageError(`there is no interface ${zone}`);
  return { address, scopeId: index };
}

function messageOf(type: string, fields: Fields): MobilityMessageInit | Uint8Array {
  const number = (name: keyof Fields, otherwise?: string) =>
    numberOf(`--${name}`, fields[name] as string | undefined ?? otherwise);
  const bytes = (name: keyof Fields, size?: number) =>
    bytesOf(`--${name}`, fields[name] as string | undefined ?? missing(`--${name}`), size);
  const options = optionsOf(fields);
  switch (type.toUpperCase()) {
    case "BRR":
      return { type: "BRR", options };
    case "HOTI":
      return { type: "HoTI", cookie: bytes("cookie", 8), options };
    case "COTI":
      return { type: "CoTI", cookie: bytes("cookie", 8), options };
    case "HOT":
    case "COT":
      return {
        type: type.toUpperCase() === "HOT" ? "HoT" : "CoT",
        nonceIndex: number("nonce-index"),
        cookie: bytes("cookie", 8),
        keygenToken: bytes("token", 8),
        options,
      };
    case "BU":
      return {
        type: "BU",
        sequence: number("sequence"),
        rawFlags: flagsOf(fields.flags, BU_FLAGS, 16),
        lifetimeSeconds: number("lifetime"),
        options,
      };
    case "BA":
      return {
        type: "BA",
        status: number("status", "0"),
        sequence: number("sequence"),
        rawFlags: flagsOf(fields.flags, BA_FLAGS, 8),
        lifetimeSeconds: number("lifetime"),
        options,
      };
    case "BE":
      return {
        type: "BE",
        status: number("status"),
        homeAddress: fields["home-address"] ?? "::",
        options,
      };
  }
  if (/^\d{1,3}$/.test(type)) return { type: "unknown", mhType: Number(type), data: bytes("data") };
  return bytesOf(
    "TYPE, which is none of BRR, HoTI, CoTI, HoT, CoT, BU, BA, BE and no number,",
    type,
  );
}

/** In the order in which they stand in a message: authorization data is the last. */
function optionsOf(fields: Fields): MobilityOptionInit[] {
  const options: MobilityOptionInit[] = [];
  const { authenticator, option = [] } = fields;
  const advice = fields["refresh-advice"];
  const careOfAddress = fields["alternate-care-of-address"];
  const indices = fields["nonce-indices"];
  if (advice !== undefined) {
    const refreshIntervalSeconds = numberOf("--refresh-advice", advice);
    options.push({ name: "binding-refresh-advice", refreshIntervalSeconds });
  }
  if (careOfAddress !== undefined) {
    options.push({ name: "alternate-care-of-address", careOfAddress });
  }
  if (indices !== undefined) {
    const [home, careOf] = indices.split(",");
    options.push({
      name: "nonce-indices",
      homeNonceIndex: numberOf("--nonce-indices HOME,CARE-OF", home),
      careOfNonceIndex: numberOf("--nonce-indices HOME,CARE-OF", careOf),
    });
  }
  for (const text of option) {
    const [type, digits = ""] = text.split(":");
    options.push({
      type: numberOf("--option TYPE:HEX", type),
      name: "unknown",
      data: bytesOf("--option TYPE:HEX", digits),
    });
  }
  if (authenticator !== undefined) {
    const bytes = bytesOf("--authenticator", authenticator);
    options.push({ name: "binding-authorization-data", authenticator: bytes });
  }
  return options;
}

/** Letters of flags, or a number. */
function flagsOf(text: string | undefined, letters: string, width: number): number {
  if (text === undefined) return 0;
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return Number(text);
  let bits = 0;
  for (const letter of text.toUpperCase()) {
    const at = letters.indexOf(letter);
    if (at < 0) throw new UsageError(`--flags has ${letter}, and there are ${letters}`);
    bits |= 1 << (width - 1 - at);
  }
  return bits;
}

/** A number in decimal, or in hexadecimal behind "0x". */
function numberOf(name: string, text: string | undefined): number {
  if (text === undefined) missing(name);
  if (/^(0x[0-9a-f]+|\d+(\.\d+)?)$/i.test(text)) return Number(text);
  throw new UsageError(`${name} must be a number, not ${JSON.stringify(text)}`);
}

function missing(name: string): never {
  throw new UsageError(`${name} is missing`);
}
