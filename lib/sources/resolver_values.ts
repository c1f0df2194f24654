/**
 * DNS servers and search domains as text: what all sources share, with every bound in one place.
 *
 * @module
 */

import { formatAddress, isMulticast, isUnspecified, parseAddress } from "../ip/address.ts";
import type { ResolverStatement, ServerStatement } from "./statement.ts";

const SERVERS_MAX = 64;
const DOMAINS_MAX = 256;
const WARNINGS_MAX = 32;

/**
 * The servers and domains of one statement, each once, in the order they were added. What is no
 * server or no domain, and what goes beyond 64 servers or 256 domains, becomes a warning.
 */
export class ResolverValues {
  /** The servers so far. */
  readonly dnsServers: ServerStatement[] = [];
  /** The search domains so far. */
  readonly searchDomains: string[] = [];
  readonly #warnings: string[];
  readonly #known = new Set<string>();

  /** Warnings are appended to the caller's list, see {@linkcode warn}. */
  constructor(warnings: string[]) {
    this.#warnings = warnings;
  }

  /** Adds a server written as {@linkcode parseServer} reads it. */
  addServer(text: string): void {
    const server = parseServer(text);
    if (!server) return warn(this.#warnings, `${quote(text)} is no DNS server address; left out`);
    if (!this.#isNew(serverKey(server))) return;
    if (this.dnsServers.length < SERVERS_MAX) this.dnsServers.push(server);
    else warn(this.#warnings, `more than ${SERVERS_MAX} DNS servers; the rest left out`);
  }

  /** Adds a search domain written as {@linkcode parseDomain} reads it. */
  addDomain(text: string): void {
    const domain = parseDomain(text);
    if (!domain) return warn(this.#warnings, `${quote(text)} is no domain name; left out`);
    if (!this.#isNew(domain)) return;
    if (this.searchDomains.length < DOMAINS_MAX) this.searchDomains.push(domain);
    else warn(this.#warnings, `more than ${DOMAINS_MAX} search domains; the rest left out`);
  }

  #isNew(key: string): boolean {
    return this.#known.size < this.#known.add(key).size;
  }
}

/** One string for each server; equal servers give equal strings. */
export function serverKey({ address, port, zone }: ServerStatement): string {
  return `[${address}]:${port}%${zone ?? ""}`;
}

/**
 * Reads `address[:port][%interface][#name]`, IPv6 in brackets where a port follows, or
 * `address%zone` as resolv.conf(5) has it. The name after "#", which serves DNS over TLS, is dropped.
 * Null where the text is no such thing, or an address no server can have (multicast, all zero).
 */
export function parseServer(text: string): ServerStatement | null {
  const match = SERVER.exec(text.length > 512 ? "" : text);
  if (!match) return null;
  const { bracketed, bare, zone, port } = match.groups!;
  const parsed = parseAddress((bracketed ?? bare)!);
  const zoneText = parsed?.zone ?? zone ?? null;
  if (!parsed || isUnspecified(parsed.bytes) || isMulticast(parsed.bytes)) return null;
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65535)) return null;
  return {
    address: formatAddress(parsed.bytes),
    port: Number(port ?? 53),
    zone: zoneText,
  };
}

/** Without brackets only an IPv4 address can have a port: "::1:53" is one IPv6 address. */
const SERVER =
  /^(?:\[(?<bracketed>[^\]#]+)\]|(?<bare>[0-9.]+(?=[:%#]|$)|[^\[\]%#]+))(?::(?<port>\d{1,5}))?(?:%(?<zone>[!-"$-~]{1,31}))?(?:#[!-~]*)?$/;

/**
 * A domain name in lower case without trailing dot, or null where the text is none that a query can
 * carry: letters, digits, "-" and "_" in labels of at most 63, 253 characters in all (RFC 1035
 * 2.3.4). Internationalised names must come in their "xn--" form.
 */
export function parseDomain(text: string): string | null {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name.length > 253 || !DOMAIN.test(name)) return null;
  return name.toLowerCase();
}

const DOMAIN = /^[a-zA-Z0-9_-]{1,63}(\.[a-zA-Z0-9_-]{1,63})*$/;

/** The captive portal (RFC 8910) where the value is a URI; anything else becomes a warning. */
export function captivePortalOf(value: unknown, warnings: string[]): { captivePortal?: string } {
  if (typeof value !== "string" || value === "") return {};
  if (/^[a-z][a-z0-9+.-]*:[!-~]{1,2000}$/i.test(value)) return { captivePortal: value };
  warn(warnings, `captive portal ${quote(value)} is no URI; left out`);
  return {};
}

/** Whether a statement holds anything. */
export function saysSomething(statement: ResolverStatement): boolean {
  return statement.dnsServers.length > 0 || statement.searchDomains.length > 0 ||
    statement.captivePortal !== undefined || statement.pref64 !== undefined;
}

/** Appends one message, once; after 32 of them only a last one that says there were more. */
export function warn(warnings: string[], message: string): void {
  if (warnings.length > WARNINGS_MAX || warnings.includes(message)) return;
  warnings.push(warnings.length < WARNINGS_MAX ? message : "further warnings left out");
}

/** Text from outside in a form that is safe to print: escaped, and cut after 60 characters. */
export function quote(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(cut).replace(
    /[^ -~…]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The words of a line, parted by blanks. */
export function words(text: string): string[] {
  return text.split(/[ \t\r]+/).filter((word) => word !== "");
}
