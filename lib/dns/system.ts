/**
 * The system's own name servers: /etc/resolv.conf, as the C library reads it.
 *
 * @module
 */

import { currentSnapshot } from "../netlink/current.ts";
import { interfaceName } from "../netlink/records.ts";
import { hostFiles, UnreadableError } from "../sources/host_files.ts";
import { parseResolvConf, type ResolvConf } from "../sources/resolv_conf.ts";
import type { ServerStatement } from "../sources/statement.ts";
import type { ServerAddress } from "./transport.ts";

/** The C library asks no more servers than these (resolv.conf(5), MAXNS). */
const SERVERS_MAX = 3;
/** How old a reading of the file may be. */
const AGE_MAX_MS = 1000;

const files = hostFiles();
let last: { text: string; conf: ResolvConf; readMs: number } | null = null;

/**
 * What resolv.conf says: its options and search domains too. Not older than a second; the same object as before while the file
 * is the same.
 */
export function systemResolvConf(): ResolvConf {
  const nowMs = performance.now();
  if (last === null || nowMs - last.readMs >= AGE_MAX_MS) {
    const text = readFile();
    const conf = last?.text === text ? last.conf : parseResolvConf(text);
    last = { text, conf, readMs: nowMs };
  }
  return last.conf;
}

/** The servers to ask, in order; the one on this host where the file names none. */
export function systemServers({ dnsServers }: ResolvConf): ServerAddress[] {
  const servers = dnsServers.slice(0, SERVERS_MAX).map(serverAddress);
  return servers.length > 0 ? servers : [{ address: "127.0.0.1", port: 53 }];
}

function readFile(): string {
  try {
    return files.read("/etc/resolv.conf") ?? "";
  } catch (error) {
    // As the C library has it: a file that cannot be read says nothing.
    if (error instanceof UnreadableError) return "";
    throw error;
  }
}

function serverAddress({ address, port, zone }: ServerStatement): ServerAddress {
  if (zone === null) return { address, port };
  if (/^\d{1,9}$/.test(zone)) return { address, port, scopeId: Number(zone) };
  const link = currentSnapshot().links.find(({ name }) => interfaceName(name) === zone);
  return { address, port, scopeId: link?.index ?? 0 };
}
