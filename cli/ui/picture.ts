/**
 * What the page draws: this host's links, PvDs and policy routes at one moment, and which PvDs a socket could be held on.
 *
 * @module
 */

import { hostname } from "node:os";
import { linux } from "../../ffi/layout.gen.ts";
import { isLinkLocal, parseAddress } from "../../lib/ip/address.ts";
import { currentSnapshot } from "../../lib/netlink/current.ts";
import { interfaceName } from "../../lib/netlink/records.ts";
import {
  AF_INET,
  AF_INET6,
  listPvds,
  MifError,
  type PvdInfo,
  type RouteTable,
  setsockopt,
  showRoutes,
  SOCK_DGRAM,
  socket,
} from "../../mod.ts";
import { type Level, readPrivileges } from "../capabilities.ts";

/** A host at one moment, as JSON can carry it. */
export interface Picture {
  /** Its name. */
  host: string;
  /** The most this process may do. */
  level: Level;
  /** All but loopback, in the kernel's order. */
  interfaces: PictureInterface[];
  /** The best first; of a host with very many, the best. */
  pvds: PicturePvd[];
  /** How many are left out. */
  pvdsLeftOut: number;
  /** What `mif route install` made. */
  tables: RouteTable[];
}

/** A link. */
export interface PictureInterface {
  name: string;
  index: number;
  up: boolean;
  /** Whether something is at the other end. */
  carrier: boolean;
  mtu: number;
  /** "02:00:00:00:01:01"; null where it has none. */
  mac: string | null;
  /** How many PvDs are on it, those that are left out too. */
  pvds: number;
}

/** A PvD, and whether a socket can be held on it. */
export interface PicturePvd {
  pvd: PvdInfo;
  /** One for each family it speaks. */
  verdicts: Verdict[];
}

/** Whether a socket of one family can be held on a PvD. */
export interface Verdict {
  family: 4 | 6;
  /** What it would send from; null where it is refused. */
  source: string | null;
  /** Why it is refused; null where it is not. */
  refusal: Refusal | null;
}

/** A {@linkcode MifError} in JSON. */
export interface Refusal {
  code: string;
  message: string;
}

/** More than anybody looks at, and each asks the kernel for some sockets. */
const PVDS_MAX = 100;

/**
 * Looks at the host once. No packet is sent: the sockets of the verdicts are selected, and closed again.
 *
 * @throws {MifError} Those of `listPvds()`.
 */
export function readPicture(): Picture {
  const pvds = listPvds();
  return {
    host: hostname(),
    level: readPrivileges().level,
    interfaces: readInterfaces(pvds),
    pvds: pvds.slice(0, PVDS_MAX)
      .map((pvd) => ({ pvd, verdicts: familiesOf(pvd).map((family) => judge(pvd, family)) })),
    pvdsLeftOut: Math.max(0, pvds.length - PVDS_MAX),
    tables: showRoutes(),
  };
}

/** What went wrong, for those who see it elsewhere; anything but a MifError is a fault of ours. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof MifError)) throw error;
  return { code: error.code, message: error.message };
}

function readInterfaces(pvds: PvdInfo[]): PictureInterface[] {
  const counts = new Map<number, number>();
  for (const { interface: { index } } of pvds) counts.set(index, (counts.get(index) ?? 0) + 1);
  return currentSnapshot().links.filter(({ flags }) => (flags & linux.IFF_LOOPBACK) === 0)
    .map((link) => ({
      name: interfaceName(link.name),
      index: link.index,
      up: (link.flags & linux.IFF_UP) !== 0,
      carrier: (link.flags & linux.IFF_LOWER_UP) !== 0,
      mtu: link.mtu,
      mac: formatMac(link.hardwareAddress.subarray(0, link.hardwareAddressLength)),
      pvds: counts.get(link.index) ?? 0,
    }));
}

function formatMac(bytes: Uint8Array): string | null {
  if (bytes.length !== 6) return null;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** The families of its addresses beyond the link, else of its gateways. */
function familiesOf({ addresses, gateways }: PvdInfo): (4 | 6)[] {
  const wide = addresses.filter(({ address }) => !isLinkLocal(parseAddress(address)!.bytes));
  const families = new Set((wide.length > 0 ? wide : gateways).map(({ family }) => family));
  return families.size === 0 ? [6] : [...families].sort((a, b) => b - a);
}

function judge(pvd: PvdInfo, family: 4 | 6): Verdict {
  using s = socket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM);
  try {
    setsockopt(s, pvd);
    return { family, source: s.getsockname().address, refusal: null };
  } catch (error) {
    return { family, source: null, refusal: refusalOf(error) };
  }
}
