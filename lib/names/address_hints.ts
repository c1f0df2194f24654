/**
 * What getaddrinfo(3) is asked for beside the name: hints and service, checked and made into socket types with ports.
 *
 * @module
 */

import { checkServicesPermitted, PORT_MAX, servicePort } from "../service.ts";
import { shown } from "../shown.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "../socket/options.ts";
import type { HostFiles } from "../sources/host_files.ts";
import {
  AI_ADDRCONFIG,
  AI_ALL,
  AI_CANONIDN,
  AI_CANONNAME,
  AI_IDN,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  AI_V4MAPPED,
} from "./flags.ts";
import { resolutionError } from "./resolution_error.ts";

/** The hints, all given. */
export interface Hints {
  ai_flags: number;
  ai_family: number;
  ai_socktype: number;
  ai_protocol: number;
}

/** A kind of socket a result is for, with the port the service has there. */
export interface SocketKind {
  ai_socktype: number;
  ai_protocol: number;
  port: number;
}

/** AI_IDN_ALLOW_UNASSIGNED and AI_IDN_USE_STD3_ASCII_RULES of getaddrinfo(3), which mean nothing any more. */
const AI_IDN_DEPRECATED = 0x300;
const AI_MASK = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG |
  AI_IDN | AI_CANONIDN | AI_IDN_DEPRECATED | AI_NUMERICSERV;

/** What no hints mean, as in glibc: POSIX has 0, with which a host without IPv6 is given IPv6 addresses. */
const DEFAULT_FLAGS = AI_V4MAPPED | AI_ADDRCONFIG;

const SOCK_SEQPACKET = 5;
const SOCK_DCCP = 6;

/** A socket type, its protocol, and the protocol's name in services(5); null has no ports. */
interface SocketType {
  socktype: number;
  protocol: number;
  service: string | null;
  /** Whether it is meant where no type and no protocol is asked for. */
  usual: boolean;
}

const SOCKET_TYPES: readonly SocketType[] = [
  { socktype: SOCK_STREAM, protocol: 6, service: "tcp", usual: true },
  { socktype: SOCK_DGRAM, protocol: 17, service: "udp", usual: true },
  { socktype: SOCK_DCCP, protocol: 33, service: "dccp", usual: false },
  { socktype: SOCK_DGRAM, protocol: 136, service: "udplite", usual: false },
  { socktype: SOCK_STREAM, protocol: 132, service: "sctp", usual: false },
  { socktype: SOCK_SEQPACKET, protocol: 132, service: "sctp", usual: false },
  { socktype: SOCK_RAW, protocol: 0, service: null, usual: true },
];

/**
 * The hints with nothing left out.
 *
 * @throws {TypeError} One of them is no whole number.
 * @throws {MifError} EAI_BADFLAGS: a flag that does not exist, or AI_CANONNAME without a name.
 */
export function readHints(given: Partial<Hints> | null, hostname: string | null): Hints {
  const hints = { ai_flags: DEFAULT_FLAGS, ai_family: 0, ai_socktype: 0, ai_protocol: 0 };
  if (given !== null) {
    hints.ai_flags = 0;
    for (const name of Object.keys(hints) as (keyof Hints)[]) {
      const value = given[name] ?? 0;
      if (!Number.isInteger(value)) {
        throw new TypeError(`${name} must be a whole number, not ${String(value)}`);
      }
      hints[name] = value;
    }
  }
  if ((hints.ai_flags & ~AI_MASK) !== 0 || Math.abs(hints.ai_flags) > 0x7fff_ffff) {
    throw resolutionError("EAI_BADFLAGS", `There are no such flags: ai_flags is ${hints.ai_flags}`);
  }
  if ((hints.ai_flags & AI_CANONNAME) !== 0 && hostname === null) {
    throw resolutionError("EAI_BADFLAGS", "AI_CANONNAME asks for the canonical name of no name");
  }
  return hints;
}

/**
 * The kinds of sockets that the results are for.
 *
 * @param service A service name or decimal port; null and "" are port 0.
 * @throws {MifError} EAI_NONAME: AI_NUMERICSERV, and the service is no number. EAI_FAMILY, EAI_SOCKTYPE: there is none such.
 *   EAI_SERVICE: the service is unknown, or not by this protocol.
 */
export function socketKinds(
  service: string | null,
  hints: Hints,
  files: HostFiles,
): SocketKind[] {
  const { ai_flags, ai_family, ai_socktype, ai_protocol } = hints;
  const given = service === "" ? null : service;
  const port = given === null ? 0 : /^-?\d+$/.test(given) ? Number(given) : null;
  if (![AF_UNSPEC, AF_INET, AF_INET6].includes(ai_family)) {
    throw resolutionError(
      "EAI_FAMILY",
      `ai_family is ${ai_family}: give AF_INET, AF_INET6 or AF_UNSPEC`,
    );
  }
  if (port === null && (ai_flags & AI_NUMERICSERV) !== 0) {
    throw resolutionError("EAI_NONAME", `AI_NUMERICSERV, and ${shown(given!)} is no number`);
  }
  const unspecific = ai_socktype === 0 && ai_protocol === 0;
  const matching = SOCKET_TYPES.filter(({ socktype, protocol, service }) =>
    (ai_socktype === 0 || ai_socktype === socktype) &&
    (ai_protocol === 0 || ai_protocol === protocol || service === null)
  );
  const types = unspecific ? matching : matching.slice(0, 1);
  if (types.length === 0) {
    throw resolutionError(
      ai_socktype === 0 ? "EAI_SERVICE" : "EAI_SOCKTYPE",
      `There are no sockets of type ${ai_socktype} and protocol ${ai_protocol}`,
    );
  }
  const kindOf = (type: SocketType, port: number): SocketKind => ({
    ai_socktype: type.socktype,
    ai_protocol: type.service === null ? ai_protocol : type.protocol,
    port,
  });
  if (given !== null && !unspecific && types[0]!.service === null) {
    throw unknownService(given, "raw sockets have no services");
  }
  if (port !== null) {
    if (port < 0 || port > PORT_MAX) throw unknownService(given!, `a port is 0 to ${PORT_MAX}`);
    return types.filter(({ usual }) => usual || !unspecific).map((type) => kindOf(type, port));
  }
  const kinds = types.flatMap((type) => {
    const found = type.service === null ? null : servicePort(given!, type.service, files);
    return found === null ? [] : [kindOf(type, found)];
  });
  if (kinds.length > 0) return kinds;
  checkServicesPermitted(files);
  throw unknownService(given!, "it is not in /etc/services for this protocol; give the port");
}

function unknownService(service: string, why: string): Error {
  return resolutionError("EAI_SERVICE", `Cannot find the service ${shown(service)}: ${why}`);
}
