/**
 * dhcpcd(8) on a host without resolvconf(8): it keeps what each interface and protocol gave in
 * /run/dhcpcd/hook-state/resolv.conf. Where resolvconf exists dhcpcd hands everything to it.
 *
 * @module
 */

import { readKeyed, usableKeys } from "./keyed_resolv_conf.ts";
import { type SourceHost, SourceReading } from "./source_reading.ts";
import type { SourceReport } from "./statement.ts";

const DIRECTORY = "/run/dhcpcd/hook-state/resolv.conf";

/** Reads dhcpcd's files. The router of a Router Advertisement is not in them. */
export function readDhcpcd(host: SourceHost): SourceReport {
  const reading = new SourceReading("dhcpcd", host);
  const names = reading.list(DIRECTORY);
  if (names !== null) {
    reading.report.found = true;
    const keys = usableKeys(reading, DIRECTORY, names);
    readKeyed(reading, DIRECTORY, keys, host.links.map(({ name }) => name));
  }
  return reading.report;
}
