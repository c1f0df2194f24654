/**
 * Services and their ports: services(5), and the few names everybody means where a host has no such file.
 *
 * @module
 */

import { MifError } from "./error.ts";
import { shown } from "./shown.ts";
import type { HostFiles } from "./sources/host_files.ts";
import { ParsedFile } from "./sources/parsed_file.ts";

const WELL_KNOWN = `
ssh         22/tcp
smtp        25/tcp
domain      53/tcp
domain      53/udp
http        80/tcp
ntp        123/udp
imap       143/tcp
https      443/tcp
submission 587/tcp
imaps      993/tcp
`;

/** The greatest port. */
export const PORT_MAX = 65535;

/**
 * The port of a service name or decimal number, whatever its protocol.
 *
 * @throws {MifError} EAI_SERVICE where the name is unknown or the number is above 65535; EACCES where the runtime does not
 *   permit to read /etc/services.
 */
export function portOf(servname: string, files: HostFiles): number {
  if (/^\d+$/.test(servname)) {
    const port = Number(servname);
    if (port <= PORT_MAX) return port;
    throw unknown(servname, "a port is at most 65535");
  }
  if (!/^[!-~]{1,64}$/.test(servname)) throw unknown(servname, "that is no service name");
  const port = servicePort(servname, null, files);
  if (port === null) checkServicesPermitted(files);
  if (port === null) throw unknown(servname, "it is not in /etc/services; give the port");
  return port;
}

/** The port of a service name (getservbyname(3)) by a protocol such as "tcp", or by any for null; null where there is none. */
export function servicePort(
  name: string,
  protocol: string | null,
  files: HostFiles,
): number | null {
  return file.read(files).ports.get(key(name, protocol)) ?? null;
}

/** For a name that is not found. @throws {MifError} EACCES: the runtime does not permit to read /etc/services. */
export function checkServicesPermitted(files: HostFiles): void {
  file.readPermitted(files);
}

/** The name of a port (getservbyport(3)) by a protocol such as "tcp", null where it has none. */
export function serviceName(port: number, protocol: string, files: HostFiles): string | null {
  return file.read(files).names.get(key(port, protocol)) ?? null;
}

/** services(5), each by name or port and protocol, the first line that says it. */
interface Services {
  ports: Map<string, number>;
  names: Map<string, string>;
}

const file = new ParsedFile("/etc/services", parse);

/** What the file has of one name or number counts before what everybody means by it. */
function parse(text: string): Services {
  const ports = new Map<string, number>();
  const names = new Map<string, string>();
  for (const line of `${text}\n${WELL_KNOWN}`.split("\n")) {
    const [name, portAndProtocol, ...aliases] = line.split("#")[0]!.trim().split(/\s+/);
    const [, digits, protocol] = /^(\d{1,5})\/(\w+)$/.exec(portAndProtocol ?? "") ?? [];
    if (digits === undefined || Number(digits) > PORT_MAX) continue;
    for (const alias of [name!, ...aliases]) {
      for (const which of [protocol!, null]) {
        const known = key(alias, which);
        if (!ports.has(known)) ports.set(known, Number(digits));
      }
    }
    const known = key(Number(digits), protocol!);
    if (!names.has(known)) names.set(known, name!);
  }
  return { ports, names };
}

function key(service: string | number, protocol: string | null): string {
  return `${service}/${protocol ?? ""}`;
}

function unknown(servname: string, why: string): MifError {
  return new MifError(`Cannot find the service ${shown(servname)}: ${why}`, {
    code: "EAI_SERVICE",
    syscall: "getpvdinfo",
  });
}
