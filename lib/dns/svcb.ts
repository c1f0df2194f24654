/**
 * The parameters of SVCB and HTTPS records (RFC 9460 2.2, 7; RFC 9461 5; RFC 9540 4).
 *
 * @module
 */

import { formatAddress } from "../ip/address.ts";
import { MalformedDnsError, WireReader } from "./wire.ts";

/** What a service is reached by. */
export interface SvcParams {
  /** Keys without which the record must not be used (RFC 9460 8). */
  mandatory?: string[];
  /** Protocols beside or in place of the default one (RFC 9460 7.1): "h2", "h3"; bytes that are no UTF-8 are lost. */
  alpn?: string[];
  /** The default protocol is not spoken (RFC 9460 7.1). */
  noDefaultAlpn?: boolean;
  /** In place of the default port. */
  port?: number;
  /** Addresses to try while A is being asked for; RFC 5952 text. */
  ipv4hint?: string[];
  /** ECHConfigList of TLS Encrypted Client Hello (RFC 9848). */
  ech?: Uint8Array;
  /** Addresses to try while AAAA is being asked for; RFC 5952 text. */
  ipv6hint?: string[];
  /** URI template of DNS over HTTPS (RFC 9461 5). */
  dohpath?: string;
  /** Oblivious HTTP is spoken (RFC 9540 4). */
  ohttp?: boolean;
  /** Parameters of other keys, in the record's order. */
  unknown?: { key: number; value: Uint8Array }[];
}

const KEYS = [
  "mandatory",
  "alpn",
  "no-default-alpn",
  "port",
  "ipv4hint",
  "ech",
  "ipv6hint",
  "dohpath",
  "ohttp",
];

/**
 * Reads parameters to the reader's end.
 *
 * @throws {MalformedDnsError} A value breaks its format, keys are not in strictly increasing order, or a mandatory one is
 *   not there: RFC 9460 2.2 has the record not be used then.
 */
export function readSvcParams(reader: WireReader): SvcParams {
  const params: SvcParams = {};
  const present = new Set<number>();
  let mandatory: number[] = [];
  for (let last = -1; reader.left > 0;) {
    const key = reader.uint16();
    if (key <= last) throw new MalformedDnsError("SvcParamKeys are out of order");
    present.add(last = key);
    const length = reader.uint16();
    const at = reader.advance(length);
    const value = new WireReader(reader.bytes, at, at + length);
    if (key === 0) {
      mandatory = readMandatory(value);
      params.mandatory = mandatory.map((number) => KEYS[number] ?? `key${number}`);
    } else readParam(params, key, value);
    if (value.left > 0) throw new MalformedDnsError(`the value of SvcParamKey ${key} is too long`);
  }
  if (!mandatory.every((key) => present.has(key))) {
    throw new MalformedDnsError("a mandatory SvcParamKey is not there");
  }
  return params;
}

function readMandatory(value: WireReader): number[] {
  const keys = many(value, () => value.uint16());
  // Key 0 itself is none of them, so they rise from above it.
  if (keys.some((key, i) => key <= (keys[i - 1] ?? 0))) {
    throw new MalformedDnsError("mandatory SvcParamKeys are out of order");
  }
  return keys;
}

function readParam(params: SvcParams, key: number, value: WireReader): void {
  switch (key) {
    case 1:
      params.alpn = many(value, () => {
        const id = value.characterString();
        if (id.length === 0) throw new MalformedDnsError("an empty ALPN identifier");
        return utf8.decode(id);
      });
      return;
    case 2:
      params.noDefaultAlpn = true;
      return;
    case 3:
      params.port = value.uint16();
      return;
    case 4:
      params.ipv4hint = many(value, () => formatAddress(value.take(4)));
      return;
    case 5:
      params.ech = value.rest();
      return;
    case 6:
      params.ipv6hint = many(value, () => formatAddress(value.take(16)));
      return;
    case 7:
      params.dohpath = utf8.decode(value.rest());
      return;
    case 8:
      params.ohttp = true;
      return;
    default:
      (params.unknown ??= []).push({ key, value: value.rest() });
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** One or more, to the end. */
function many<T>(value: WireReader, read: () => T): T[] {
  const values: T[] = [read()];
  while (value.left > 0) values.push(read());
  return values;
}
