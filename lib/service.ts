/**
 * Service names to ports: services(5), and the few names everybody means where a host has no such file.
 *
 * @module
 */

import { MifError } from "./error.ts";
import type { HostFiles } from "./sources/host_files.ts";
import { UnreadableError } from "./sources/host_files.ts";

const WELL_KNOWN: Readonly<Record<string, number>> = {
  ssh: 22,
  smtp: 25,
  domain: 53,
  http: 80,
  ntp: 123,
  imap: 143,
  https: 443,
  submission: 587,
  imaps: 993,
};

/**
 * The port of a service name or decimal number, whatever its protocol.
 *
 * @throws {MifError} EAI_SERVICE where the name is unknown or the number is above 65535.
 */
export function portOf(servname: string, files: HostFiles): number {
  if (/^\d+$/.test(servname)) {
    const port = Number(servname);
    if (port <= 65535) return port;
    throw unknown(servname, "a port is at most 65535");
  }
  if (!/^[!-~]{1,64}$/.test(servname)) throw unknown(servname, "that is no service name");
  const port = inServices(servname, files) ?? WELL_KNOWN[servname];
  if (port === undefined) throw unknown(servname, "it is not in /etc/services; give the port");
  return port;
}

function inServices(servname: string, files: HostFiles): number | undefined {
  let text: string | null;
  try {
    text = files.read("/etc/services");
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return undefined;
  }
  for (const line of text?.split("\n") ?? []) {
    const [name, portAndProtocol, ...aliases] = line.split("#")[0]!.trim().split(/\s+/);
    if (name !== servname && !aliases.includes(servname)) continue;
    const port = /^(\d{1,5})\//.exec(portAndProtocol ?? "")?.[1];
    if (port !== undefined && Number(port) <= 65535) return Number(port);
  }
  return undefined;
}

function unknown(servname: string, why: string): MifError {
  return new MifError(`Cannot find the service ${JSON.stringify(servname.slice(0, 80))}: ${why}`, {
    code: "EAI_SERVICE",
    syscall: "getpvdinfo",
  });
}
