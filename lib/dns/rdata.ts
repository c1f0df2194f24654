/**
 * What records hold, by type, from the wire to fields.
 *
 * Names are text as {@linkcode nameToText} writes it, without a dot at the end. Times are seconds.
 *
 * @module
 */

import { formatAddress } from "../ip/address.ts";
import { nameToText, readName } from "./name.ts";
import { RecordType, recordTypeName } from "./record_type.ts";
import { readSvcParams, type SvcParams } from "./svcb.ts";
import { MalformedDnsError, WireReader } from "./wire.ts";

/** The data of a record, told apart by `type`. */
export type RecordData = FieldData | RawData;

/** The data of types that are read into fields. */
export type FieldData =
  /** RFC 1035 3.4.1. */
  | { type: "A"; address: string }
  /** RFC 3596 2.2; RFC 5952 text. */
  | { type: "AAAA"; address: string }
  /** RFC 1035 3.3.1. */
  | { type: "CNAME"; target: string }
  /** RFC 6672 2.1. */
  | { type: "DNAME"; target: string }
  /** RFC 1035 3.3.11. */
  | { type: "NS"; target: string }
  /** RFC 1035 3.3.12. */
  | { type: "PTR"; target: string }
  | SoaData
  /** RFC 1035 3.3.9. "." as exchange: no mail is taken (RFC 7505). */
  | { type: "MX"; preference: number; exchange: string }
  /** RFC 1035 3.3.14: `strings` as UTF-8 text, `data` as they are. */
  | { type: "TXT"; strings: string[]; data: Uint8Array[] }
  /** RFC 2782. "." as target: there is no such service. */
  | { type: "SRV"; priority: number; weight: number; port: number; target: string }
  /** RFC 3403 4.1. */
  | {
    type: "NAPTR";
    order: number;
    preference: number;
    flags: string;
    services: string;
    regexp: string;
    replacement: string;
  }
  /** RFC 8659 4.1. */
  | { type: "CAA"; critical: boolean; tag: string; value: string }
  /** RFC 9460 2: priority 0 is AliasMode; "." as target is the record's own name. */
  | { type: "SVCB"; priority: number; target: string; parameters: SvcParams }
  /** RFC 9460 9, as SVCB. */
  | { type: "HTTPS"; priority: number; target: string; parameters: SvcParams }
  /** RFC 4034 5.1. */
  | {
    type: "DS";
    keyTag: number;
    algorithm: number;
    digestType: number;
    digest: Uint8Array;
  }
  /** RFC 4034 2.1. */
  | {
    type: "DNSKEY";
    flags: number;
    protocol: number;
    algorithm: number;
    publicKey: Uint8Array;
  }
  /** RFC 6698 2.1. */
  | {
    type: "TLSA";
    usage: number;
    selector: number;
    matchingType: number;
    association: Uint8Array;
  }
  /** RFC 4255 3.1. */
  | { type: "SSHFP"; algorithm: number; fingerprintType: number; fingerprint: Uint8Array };

/** RFC 1035 3.3.13. */
export interface SoaData {
  /** Tells it apart. */
  type: "SOA";
  /** The primary server. */
  mname: string;
  /** The mailbox of who is responsible, as a name. */
  rname: string;
  /** Rises with each change of the zone (RFC 1982). */
  serial: number;
  /** How often a secondary server looks for changes. */
  refreshSeconds: number;
  /** And again where that failed. */
  retrySeconds: number;
  /** Without success for so long it has no say any more. */
  expireSeconds: number;
  /** How long "there is none" holds (RFC 2308 4). */
  minimumSeconds: number;
}

/** A type that is not read into fields: "LOC", or "TYPE65280" where it has no mnemonic. */
export interface RawData {
  /** Tells it apart. */
  type: RawType;
  /** RFC 3597: as on the wire. */
  rdata: Uint8Array;
}

/** The mnemonics of {@linkcode RawData}. */
export type RawType = Exclude<keyof typeof RecordType, FieldData["type"] | "ANY"> | `TYPE${number}`;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads the data of one record.
 *
 * @param bytes The whole message: names in the data may point into it.
 * @throws {MalformedDnsError} The data break the format of their type.
 */
export function readRdata(
  type: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): RecordData {
  const reader = new WireReader(bytes, start, start + length);
  const data = READERS.get(type)?.(reader) ??
    { type: recordTypeName(type) as RawType, rdata: reader.rest() };
  if (reader.left > 0) {
    throw new MalformedDnsError(`the data of a ${recordTypeName(type)} record are too long`);
  }
  return data;
}

const READERS: ReadonlyMap<number, (reader: WireReader) => RecordData> = new Map<
  number,
  (reader: WireReader) => RecordData
>([
  [RecordType.A, (reader) => ({ type: "A", address: readIpv4(reader) })],
  [RecordType.AAAA, (reader) => ({ type: "AAAA", address: formatAddress(reader.take(16)) })],
  [RecordType.CNAME, (reader) => ({ type: "CNAME", target: readText(reader) })],
  [RecordType.DNAME, (reader) => ({ type: "DNAME", target: readText(reader) })],
  [RecordType.NS, (reader) => ({ type: "NS", target: readText(reader) })],
  [RecordType.PTR, (reader) => ({ type: "PTR", target: readText(reader) })],
  [RecordType.SOA, readSoa],
  [RecordType.MX, (reader) => ({
    type: "MX",
    preference: reader.uint16(),
    exchange: readText(reader),
  })],
  [RecordType.TXT, (reader) => {
    const data = [reader.characterString()];
    while (reader.left > 0) data.push(reader.characterString());
    return { type: "TXT", strings: data.map((bytes) => utf8.decode(bytes)), data };
  }],
  [RecordType.SRV, (reader) => ({
    type: "SRV",
    priority: reader.uint16(),
    weight: reader.uint16(),
    port: reader.uint16(),
    target: readText(reader),
  })],
  [RecordType.NAPTR, (reader) => ({
    type: "NAPTR",
    order: reader.uint16(),
    preference: reader.uint16(),
    flags: utf8.decode(reader.characterString()),
    services: utf8.decode(reader.characterString()),
    regexp: utf8.decode(reader.characterString()),
    replacement: readText(reader),
  })],
  [RecordType.CAA, (reader) => ({
    type: "CAA",
    critical: (reader.uint8() & 0x80) !== 0,
    tag: utf8.decode(reader.characterString()),
    value: utf8.decode(reader.rest()),
  })],
  [RecordType.SVCB, (reader) => ({ type: "SVCB", ...readService(reader) })],
  [RecordType.HTTPS, (reader) => ({ type: "HTTPS", ...readService(reader) })],
  [RecordType.DS, (reader) => ({
    type: "DS",
    keyTag: reader.uint16(),
    algorithm: reader.uint8(),
    digestType: reader.uint8(),
    digest: reader.rest(),
  })],
  [RecordType.DNSKEY, (reader) => ({
    type: "DNSKEY",
    flags: reader.uint16(),
    protocol: reader.uint8(),
    algorithm: reader.uint8(),
    publicKey: reader.rest(),
  })],
  [RecordType.TLSA, (reader) => ({
    type: "TLSA",
    usage: reader.uint8(),
    selector: reader.uint8(),
    matchingType: reader.uint8(),
    association: reader.rest(),
  })],
  [RecordType.SSHFP, (reader) => ({
    type: "SSHFP",
    algorithm: reader.uint8(),
    fingerprintType: reader.uint8(),
    fingerprint: reader.rest(),
  })],
]);

function readSoa(reader: WireReader): SoaData {
  return {
    type: "SOA",
    mname: readText(reader),
    rname: readText(reader),
    serial: reader.uint32(),
    refreshSeconds: reader.uint32(),
    retrySeconds: reader.uint32(),
    expireSeconds: reader.uint32(),
    minimumSeconds: reader.uint32(),
  };
}

function readService(
  reader: WireReader,
): { priority: number; target: string; parameters: SvcParams } {
  return {
    priority: reader.uint16(),
    target: readText(reader),
    parameters: readSvcParams(reader),
  };
}

/** Most answers are of these: without an array in between. */
function readIpv4(reader: WireReader): string {
  return `${reader.uint8()}.${reader.uint8()}.${reader.uint8()}.${reader.uint8()}`;
}

function readText(reader: WireReader): string {
  return nameToText(readName(reader));
}
