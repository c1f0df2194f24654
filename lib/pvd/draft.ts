/**
 * A PvD while it is put together, and the links they stand on.
 *
 * @module
 */

import {
  type AddressRecord,
  type LinkRecord,
  linux,
  type RouteRecord,
} from "../../ffi/layout.gen.ts";
import type { PvdName } from "../ndp/pvd_option.ts";
import { interfaceName } from "../netlink/records.ts";
import type { Attribution, PvdAdvertisement, PvdDnsServer, PvdUnconfigured } from "./pvd.ts";

/** A next hop of a default route, with what its rank depends on. */
export interface DraftGateway {
  address: string;
  family: 4 | 6;
  /** RTA_PRIORITY: less is preferred. */
  metric: number;
  /** RFC 4191: 1 high, 0 medium, -1 low. */
  preference: number;
}

/** A PvD in the making. */
export class PvdDraft {
  readonly link: Link;
  /** The router's link-local address; null for the interface's own PvD. */
  readonly router: string | null;
  /** The ID of an explicit PvD, else null. */
  readonly id: string | null;
  /** What names an explicit PvD. */
  name: PvdName | undefined;
  attribution: Attribution;
  readonly addresses: AddressRecord[] = [];
  readonly gateways = new Map<string, DraftGateway>();
  readonly dnsServers = new Map<string, PvdDnsServer>();
  readonly searchDomains = new Set<string>();
  /** "destination gateway" to the route, so that a repeated one counts once. */
  readonly routes = new Map<string, { destination: string; gateway: string | null }>();
  /** The smallest MTU a router announced, 0 for none. */
  advertisedMtu = 0;
  pref64: string | undefined;
  captivePortal: string | undefined;
  advertisement: PvdAdvertisement | undefined;
  unconfigured: PvdUnconfigured | undefined;

  constructor(link: Link, router: string | null, id: string | null = null) {
    this.link = link;
    this.router = router;
    this.id = id;
    this.attribution = router === null ? "interface" : "unknown";
  }
}

/** A router of a link with its PvDs. */
export class LinkRouter {
  /** Of what it gives without naming a PvD, and of what nothing says which PvD of it gave it. */
  readonly implicit: PvdDraft;
  /** Those that its advertisements name, by ID. */
  readonly explicit = new Map<string, PvdDraft>();

  constructor(link: Link, address: string) {
    this.implicit = new PvdDraft(link, address);
  }

  /** The PvD that what came by this router is in where nothing says which: the only one it announces, else the implicit one. */
  get main(): PvdDraft {
    const [only, second] = this.explicit.values();
    return only && !second && !this.implicit.advertisement ? only : this.implicit;
  }

  /** All of them; the implicit one may have nothing. */
  drafts(): PvdDraft[] {
    return [...this.explicit.values(), this.implicit];
  }
}

/** One network interface with what the kernel has on it. */
export class Link {
  readonly index: number;
  readonly name: string;
  readonly record: LinkRecord;
  readonly addresses: AddressRecord[] = [];
  readonly legs: RouteLeg[] = [];
  /** By link-local address, in the order they were met. */
  readonly routers = new Map<string, LinkRouter>();
  /** What is configured on the interface itself, and what cannot be attributed. */
  readonly own: PvdDraft;
  /** Whether an IPv6 default route goes through something that is no advertising router. */
  staticGateway6 = false;

  constructor(record: LinkRecord) {
    this.record = record;
    this.index = record.index;
    this.name = interfaceName(record.name);
    this.own = new PvdDraft(this, null);
  }

  /** The PvD of a router, made when it is met first: the explicit one of an ID, or the implicit one. */
  routerDraft(router: string, id: string | null = null): PvdDraft {
    let known = this.routers.get(router);
    if (!known) this.routers.set(router, known = new LinkRouter(this, router));
    if (id === null) return known.implicit;
    let draft = known.explicit.get(id);
    if (!draft) known.explicit.set(id, draft = new PvdDraft(this, router, id));
    return draft;
  }

  /** The only router where there is just one and no static default beside it. */
  soleRouter(): LinkRouter | null {
    if (this.routers.size !== 1 || this.staticGateway6) return null;
    return this.routers.values().next().value!;
  }

  /** The own PvD and those of the routers. */
  drafts(): PvdDraft[] {
    return [this.own, ...[...this.routers.values()].flatMap((router) => router.drafts())];
  }
}

/** Whether a router or a server gave the address, be it for ever: it has a lifetime, or says that it is from an RA. */
export function isDynamic(address: AddressRecord): boolean {
  return (address.flags & linux.IFA_F_PERMANENT) === 0 ||
    address.protocol === linux.IFAPROT_KERNEL_RA;
}

/** One next hop of one route, next hop objects resolved. */
export interface RouteLeg {
  record: RouteRecord;
  /** 4 or 16 bytes, or null for a destination on the link. */
  gateway: Uint8Array | null;
}
