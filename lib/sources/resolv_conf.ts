/**
 * resolv.conf(5), as glibc reads it.
 *
 * The same lines are what dhcpcd and openresolv keep per interface.
 *
 * @module
 */

import { quote, ResolverValues, warn, words } from "./resolver_values.ts";
import { type SourceHost, SourceReading } from "./source_reading.ts";
import type { ResolverOptions, ServerStatement, SourceReport } from "./statement.ts";

/** What a resolv.conf says. */
export interface ResolvConf {
  /** Every server in the file's order. The C library asks the first three only (MAXNS). */
  dnsServers: ServerStatement[];
  /** The domains of the last `search` or `domain` line. */
  searchDomains: string[];
  /** The `options` lines taken together, with the defaults of the man page. */
  options: ResolverOptions;
  /** What was left out, and why. */
  warnings: string[];
}

/** Reads the text of a resolv.conf. Never throws. */
export function parseResolvConf(text: string): ResolvConf {
  const warnings: string[] = [];
  const options: ResolverOptions = { ndots: 1, timeoutSeconds: 5, attempts: 2, rotate: false };
  const servers = new ResolverValues(warnings);
  let domains = new ResolverValues(warnings);
  for (const line of text.split("\n")) {
    // A keyword stands at the very start of its line, as a comment sign does.
    const keyword = /^[a-z]+(?=[ \t])/.exec(line)?.[0];
    if (keyword === undefined) continue;
    const values = words(line.slice(keyword.length));
    switch (keyword) {
      case "nameserver":
        // What follows the address is ignored.
        if (values[0] !== undefined) servers.addServer(values[0]);
        break;
      case "domain":
      case "search":
        if (values.length === 0) break;
        domains = new ResolverValues(warnings);
        for (const value of keyword === "domain" ? values.slice(0, 1) : values) {
          // The root as search domain is the name itself, which is asked in any case.
          if (value !== ".") domains.addDomain(value);
        }
        break;
      case "options":
        for (const value of values) readOption(value, options, warnings);
        break;
    }
  }
  return {
    dnsServers: servers.dnsServers,
    searchDomains: domains.searchDomains,
    options,
    warnings,
  };
}

/**
 * Reads /etc/resolv.conf. It is the host's, not an interface's; whoever groups statements must find
 * out through which network its servers are reached.
 */
export function readResolvConf(host: SourceHost): SourceReport {
  const path = "/etc/resolv.conf";
  const reading = new SourceReading(path, host);
  const text = reading.read(path);
  if (text !== null) {
    const { warnings, ...said } = parseResolvConf(text);
    reading.report.found = true;
    reading.report.resolvers.push({
      source: path,
      interface: null,
      router: null,
      family: null,
      ...said,
    });
    reading.warn(path, ...warnings);
  }
  return reading.report;
}

/** Name in the file, name here, least and greatest value: above the greatest glibc takes that. */
const NUMBER_OPTIONS: Record<
  string,
  ["ndots" | "timeoutSeconds" | "attempts", number, number]
> = {
  ndots: ["ndots", 0, 15],
  timeout: ["timeoutSeconds", 1, 30],
  attempts: ["attempts", 1, 5],
};

function readOption(text: string, options: ResolverOptions, warnings: string[]): void {
  if (text === "rotate") options.rotate = true;
  const match = /^(ndots|timeout|attempts):(.*)$/.exec(text);
  if (!match) return;
  const [name, least, greatest] = NUMBER_OPTIONS[match[1]!]!;
  if (!/^\d{1,9}$/.test(match[2]!)) {
    return warn(warnings, `option ${quote(text)} has no number; left out`);
  }
  options[name] = Math.min(Math.max(Number(match[2]), least), greatest);
}
