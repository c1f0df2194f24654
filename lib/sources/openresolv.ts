/**
 * The programs named resolvconf(8): openresolv, and Debian's own of that name. Both keep under
 * /run/resolvconf what each interface and protocol gave.
 *
 * @module
 */

import { readKeyed, usableKeys } from "./keyed_resolv_conf.ts";
import { type SourceHost, SourceReading } from "./source_reading.ts";
import type { SourceReport } from "./statement.ts";

const ROOT = "/run/resolvconf";

/** The directory each of them keeps its pieces in. openresolv up to 3.12 said "interfaces". */
const LAYOUTS = [
  { source: "openresolv", directory: `${ROOT}/keys` },
  { source: "openresolv", directory: `${ROOT}/interfaces` },
  { source: "resolvconf", directory: `${ROOT}/interface` },
];

/**
 * Reads the pieces in the order of their metrics, then by name. The orders an administrator sets in
 * /etc (resolvconf.conf, interface-order) are not looked at: each piece belongs to its own
 * interface, and nothing here mixes interfaces.
 */
export function readOpenresolv(host: SourceHost): SourceReport {
  const absent = new SourceReading(LAYOUTS[0]!.source, host);
  const root = absent.list(ROOT);
  if (root === null) return absent.report;
  for (const { source, directory } of LAYOUTS) {
    const reading = new SourceReading(source, host);
    const names = reading.list(directory);
    if (names === null && !reading.report.found) continue;
    reading.report.found = true;
    const keys = usableKeys(reading, directory, names ?? []);
    const ordered = root.includes("metrics") ? byMetric(reading, keys) : keys;
    readKeyed(reading, directory, ordered, host.links.map(({ name }) => name));
    return reading.report;
  }
  return absent.report;
}

/** The files in "metrics" are named "<metric with leading zeros> <key>"; lower metrics first. */
function byMetric(reading: SourceReading, keys: string[]): string[] {
  const unmetered = new Set(keys);
  const ordered: string[] = [];
  for (const name of reading.list(`${ROOT}/metrics`) ?? []) {
    const key = name.slice(name.indexOf(" ") + 1);
    if (unmetered.delete(key)) ordered.push(key);
  }
  return [...ordered, ...unmetered];
}
