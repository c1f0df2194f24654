/**
 * The system's own name servers: /etc/resolv.conf, as the C library reads it.
 *
 * @module
 */

import { interfaceIndex } from "../netlink/current.ts";
import { hostFiles } from "../sources/host_files.ts";
import { ParsedFile } from "../sources/parsed_file.ts";
import { parseResolvConf, type ResolvConf } from "../sources/resolv_conf.ts";
import type { ServerStatement } from "../sources/statement.ts";
import type { ServerAddress } from "./transport.ts";

/** The C library asks no more servers than these (resolv.conf(5), MAXNS). */
const SERVERS_MAX = 3;

const files = hostFiles();
const file = new ParsedFile("/etc/resolv.conf", parseResolvConf);

/**
 * What resolv.conf says: its options and search domains too. Not older than a second; the same object as before while the file
 * is the same.
 *
 * @throws {MifError} EACCES: the runtime does not permit to read it.
 */
export function systemResolvConf(): ResolvConf {
  return file.readPermitted(files);
}

/** The servers to ask, in order; the one on this host where the file names none. */
export function systemServers({ dnsServers }: ResolvConf): ServerAddress[] {
  const servers = dnsServers.slice(0, SERVERS_MAX).map(serverAddress);
  return servers.length > 0 ? servers : [{ address: "127.0.0.1", port: 53 }];
}

function serverAddress({ address, port, zone }: ServerStatement): ServerAddress {
  if (zone === null) return { address, port };
  if (/^\d{1,9}$/.test(zone)) return { address, port, scopeId: Number(zone) };
  return { address, port, scopeId: interfaceIndex(zone) ?? 0 };
}
