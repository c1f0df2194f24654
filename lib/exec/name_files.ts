/**
 * The files by which a program's resolver finds its servers, for one provisioning domain.
 *
 * @module
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MifError } from "../error.ts";
import { isLinkLocal, parseAddress } from "../ip/address.ts";
import { isRefusal } from "../permission.ts";
import type { PvdInfo } from "../pvd/pvd.ts";
import type { FileInPlace } from "./confined_program.ts";

/** resolv.conf(5) takes no more (MAXNS). */
const SERVERS_MAX = 3;
const RESOLV_CONF = "/etc/resolv.conf";
const NSSWITCH_CONF = "/etc/nsswitch.conf";
/** Where services listen that would resolve names for the program, by ways of their own. */
const SERVICES = ["/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve"];

/** Files in a directory of their own, until they are disposed of. */
export interface NameFiles extends Disposable {
  /** What to put in whose place. */
  files: FileInPlace[];
}

/**
 * Writes them.
 *
 * @throws {MifError} ENOENT: there is no /etc/resolv.conf in whose place one could stand. EROFS and others: there is no room
 *   for them.
 */
export function nameFiles(pvd: PvdInfo): NameFiles {
  if (!existsSync(RESOLV_CONF)) {
    throw new MifError(
      `Cannot give the program its DNS servers: there is no ${RESOLV_CONF}; an empty file is enough`,
      { code: "ENOENT", errno: 2, syscall: "mount" },
    );
  }
  const directory = privateDirectory();
  const file = (name: string, text: string, target: string): FileInPlace => {
    const source = join(directory, name);
    writeFileSync(source, text, { mode: 0o644 });
    return { source, target };
  };
  const files = [file("resolv.conf", resolvConf(pvd), RESOLV_CONF)];
  if (existsSync(NSSWITCH_CONF)) {
    files.push(
      file("nsswitch.conf", nsswitchConf(readFileSync(NSSWITCH_CONF, "utf8")), NSSWITCH_CONF),
    );
  }
  const services = SERVICES.filter((path) => existsSync(path));
  files.push(...services.map((path, i) => file(`service${i}`, "", path)));
  return { files, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

function privateDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), "mif-exec-"));
  } catch (cause) {
    if (isRefusal(cause)) throw cause;
    const { code = "EIO", errno = 5 } = cause as { code?: string; errno?: number };
    throw new MifError(
      `Cannot give the program its DNS servers: no file can be written in ${tmpdir()} (${code}); ` +
        "set TMPDIR to a directory where that is possible",
      { code, errno: Math.abs(errno), syscall: "mkdtemp", cause },
    );
  }
}

/** resolv.conf(5) of a PvD: its servers and search domains. */
export function resolvConf({ dnsServers, searchDomains, interface: { name } }: PvdInfo): string {
  const servers = dnsServers.filter(({ port }) => port === 53).slice(0, SERVERS_MAX);
  const lines = servers.map(({ address }) => {
    const zone = isLinkLocal(parseAddress(address)!.bytes) ? `%${name}` : "";
    return `nameserver ${address}${zone}`;
  });
  if (searchDomains.length > 0) lines.push(`search ${searchDomains.join(" ")}`);
  return [...lines, ""].join("\n");
}

/** nsswitch.conf(5) with host names from /etc/hosts and DNS only: other services have ways of their own. */
export function nsswitchConf(text: string): string {
  const others = text.split("\n").filter((line) => !/^\s*hosts\s*:/.test(line));
  return [...others, "hosts: files dns", ""].join("\n");
}
