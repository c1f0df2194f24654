/**
 * How a picture is laid out: a band for each interface, in it groups of routers and the PvDs that use them. Pure.
 *
 * @module
 */

import type { Picture, PictureInterface, PicturePvd } from "../picture.ts";
import type { PageFunctions } from "./script.ts";

/** An interface and what is on it. */
export interface Band {
  interface: PictureInterface;
  groups: Group[];
}

/** Routers and PvDs that belong together: no other PvD uses one of the routers. */
export interface Group {
  /** Names it among all. */
  key: string;
  routers: Router[];
  pvds: PicturePvd[];
}

/** A router on an interface. */
export interface Router {
  /** Names it among all. */
  key: string;
  address: string;
  /** Handles of the PvDs it is the router of. */
  pvds: number[];
}

/** The bands in the order of their best PvDs, and the interfaces without any PvD. */
export function arrange(picture: Picture): { bands: Band[]; idle: PictureInterface[] } {
  const bands: Band[] = [];
  for (const { pvd } of picture.pvds) {
    const { index, name } = pvd.interface;
    if (bands.some((band) => band.interface.index === index)) continue;
    const known = picture.interfaces.find((link) => link.index === index) ??
      { name, index, up: true, carrier: true, mtu: pvd.mtu, mac: null, pvds: 1 };
    const pvds = picture.pvds.filter((each) => each.pvd.interface.index === index);
    bands.push({ interface: known, groups: group(pvds) });
  }
  return { bands, idle: picture.interfaces.filter(({ pvds }) => pvds === 0) };
}

/** The addresses of a PvD's routers on its link. */
export function routersOf({ pvd }: PicturePvd): string[] {
  const addresses = pvd.gateways.map(({ address }) => address);
  return [...new Set(pvd.router === null ? addresses : [pvd.router, ...addresses])];
}

/** The handle of the PvD that the system takes for what names none: the best that has a default route. */
export function defaultPvd({ pvds }: Picture): number | null {
  return pvds.find(({ pvd }) =>
    pvd.routes.some(({ destination }) => destination === "::/0" || destination === "0.0.0.0/0")
  )?.pvd.handle ?? null;
}

/** The name of a router among all. */
export function routerKey(interfaceIndex: number, address: string): string {
  return `router ${interfaceIndex} ${address}`;
}

function group(pvds: PicturePvd[]): Group[] {
  let groups: Group[] = [];
  for (const each of pvds) {
    const { handle, interface: { index } } = each.pvd;
    const routers = routersOf(each).map((address) => ({
      key: routerKey(index, address),
      address,
      pvds: [handle],
    }));
    const joined: Group = { key: `group ${handle}`, routers, pvds: [each] };
    const sharing = groups.filter((other) =>
      other.routers.some(({ key }) => routers.some((router) => router.key === key))
    );
    for (const { routers: others, pvds: their } of sharing.reverse()) {
      for (const router of others) {
        const same = joined.routers.find(({ key }) => key === router.key);
        if (same) same.pvds.unshift(...router.pvds);
        else joined.routers.push(router);
      }
      joined.pvds.unshift(...their);
      joined.key = `group ${their[0]!.pvd.handle}`;
    }
    groups = [...groups.filter((other) => !sharing.includes(other)), joined];
  }
  return groups;
}

/** For the page's script. */
export const inPage: PageFunctions = [
  arrange,
  routersOf,
  defaultPvd,
  routerKey,
  group,
];
