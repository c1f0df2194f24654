/**
 * nsd(8) as authoritative name server of the lab.
 *
 * @module
 */

import { join } from "node:path";

/** What an nsd of the lab serves. */
export interface NsdOptions {
  /** Addresses it listens on; an IPv6 link-local one with its interface behind "%". */
  listen: string[];
  /** DNS port; 53 where left out. */
  port?: number;
  /** The text of each zone's file (RFC 1035 5), by the zone's name. */
  zones: Record<string, string>;
  /** Lines of the server clause of nsd.conf(5) beside these. */
  config?: string[];
}

/** The files of an nsd: nsd.conf(5) and its zones, by their names in `directory`. */
export function nsdFiles(options: NsdOptions, directory: string): Record<string, string> {
  const zones = Object.entries(options.zones);
  const quoted = (name: string) => JSON.stringify(join(directory, name));
  return {
    ...Object.fromEntries(zones.map(([name, text]) => [`${name}.zone`, text])),
    "nsd.conf": [
      "server:",
      ...options.listen.map((address) => `  ip-address: ${address}@${options.port ?? 53}`),
      // A user namespace has no other user, and its files are here.
      '  username: ""',
      '  chroot: ""',
      `  zonesdir: ${quoted("")}`,
      '  database: ""',
      `  pidfile: ${quoted("nsd.pid")}`,
      `  xfrdfile: ${quoted("xfrd.state")}`,
      `  zonelistfile: ${quoted("zone.list")}`,
      `  xfrdir: ${quoted("")}`,
      "  server-count: 1",
      // Otherwise it answers 200 questions a second and half of the others cut short.
      "  rrl-ratelimit: 0",
      "  rrl-whitelist-ratelimit: 0",
      ...(options.config ?? []).map((line) => `  ${line}`),
      "remote-control:",
      "  control-enable: no",
      ...zones.flatMap(([name]) => [
        "zone:",
        `  name: "${name}"`,
        `  zonefile: ${quoted(`${name}.zone`)}`,
      ]),
      "",
    ].join("\n"),
  };
}

/** The command line; "-d" keeps it in the foreground. */
export function nsdArgv(configPath: string): string[] {
  return ["nsd", "-d", "-c", configPath];
}
