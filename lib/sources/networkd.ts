/**
 * systemd-networkd. Describe() on the bus says which router gave which value, so it is asked first;
 * where it cannot be asked, the state files hold one merged list per link.
 *
 * @module
 */

import { parseDescription } from "./networkd_description.ts";
import {
  linkStatements,
  NETWORKD,
  type NetworkdFile,
  parseLease,
  parseLinkState,
} from "./networkd_state.ts";
import { type SourceHost, SourceReading } from "./source_reading.ts";
import type { SourceReport } from "./statement.ts";

const ROOT = "/run/systemd/netif";
const BUS_OBJECT = "/org/freedesktop/network1";

/** Reads what networkd says of every link. */
export function readNetworkd(host: SourceHost): SourceReport {
  const reading = new SourceReading(NETWORKD, host);
  const names = reading.list(`${ROOT}/links`);
  // Debian's systemd package makes the empty directory on every host.
  if (names === null || names.length === 0) return reading.report;
  reading.report.found = true;
  if (!readDescription(reading)) readState(reading, host.links);
  return reading.report;
}

/**
 * Asks for all links at once: one call is one consistent answer and one round trip, where Describe()
 * of each link would be a thousand on a host with a thousand links. False where it failed.
 */
function readDescription(reading: SourceReading): boolean {
  const reply = reading.call({
    destination: "org.freedesktop.network1",
    path: BUS_OBJECT,
    interface: "org.freedesktop.network1.Manager",
    member: "Describe",
  });
  if (reply === null) return false;
  const { resolvers, prefixes, warnings } = parseDescription(String(reply[0]));
  reading.report.resolvers.push(...resolvers);
  reading.report.prefixes.push(...prefixes);
  reading.warn(BUS_OBJECT, ...warnings);
  return true;
}

function readState(reading: SourceReading, links: SourceHost["links"]): void {
  for (const { index } of links) {
    const state = readFile(reading, `${ROOT}/links/${index}`, parseLinkState);
    const lease = readFile(reading, `${ROOT}/leases/${index}`, parseLease);
    reading.report.resolvers.push(...linkStatements(index, state, lease));
  }
}

function readFile(
  reading: SourceReading,
  path: string,
  parse: (text: string) => NetworkdFile,
): NetworkdFile | null {
  const text = reading.read(path, 1 << 16);
  if (text === null) return null;
  const file = parse(text);
  reading.warn(path, ...file.warnings);
  return file;
}
