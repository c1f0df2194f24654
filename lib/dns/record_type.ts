/**
 * The types of records, by number and by mnemonic (IANA, "Resource Record (RR) TYPEs"; RFC 3597 5 for the others).
 *
 * @module
 */

/** The types that can be asked for by name. OPT is none of them: no name has it. */
export const RecordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  EUI48: 108,
  EUI64: 109,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const;

/** The type of the record that is no name's but a message's own (RFC 6891 6.1.1). */
export const TYPE_OPT = 41;

const numbers = new Map<string, number>(Object.entries(RecordType));
const mnemonics = new Map<number, string>([...numbers].map(([name, number]) => [number, name]));

/** What cannot be asked for: OPT, and TKEY, TSIG and transfers of zones (RFC 6895 3.1). ANY can. */
const isMeta = (type: number) => type === TYPE_OPT || (type >= 249 && type <= 254);

/**
 * The number of a type to ask for, from "MX", "TYPE15" or 15.
 *
 * @throws {TypeError} There is no such mnemonic, or the type is none that records have.
 * @throws {RangeError} The number is none from 1 to 65535.
 */
export function recordTypeNumber(type: string | number): number {
  const number = typeof type === "string" ? numberOf(type) : type;
  if (typeof number !== "number") {
    throw new TypeError(
      `Not a type of DNS records: ${JSON.stringify(type)}; "TYPE65280" works too`,
    );
  }
  if (!Number.isInteger(number) || number < 1 || number > 0xffff) {
    throw new RangeError(`A type of DNS records is a number from 1 to 65535, not ${type}`);
  }
  if (isMeta(number)) throw new TypeError(`No name has records of type ${type}`);
  return number;
}

/** The mnemonic of a type, "TYPE65280" where it has none. */
export function recordTypeName(type: number): string {
  return mnemonics.get(type) ?? `TYPE${type}`;
}

function numberOf(text: string): number | undefined {
  const name = text.toUpperCase();
  return numbers.get(name) ?? (/^TYPE\d{1,5}$/.test(name) ? Number(name.slice(4)) : undefined);
}
