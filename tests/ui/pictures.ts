/**
 * Pictures and answers of hosts that are not there.
 *
 * @module
 */

import type { Picture, PictureInterface, PicturePvd } from "../../cli/ui/picture.ts";
import type { PvdInfo } from "../../mod.ts";

/** An interface that is up. */
export function pictureInterface(
  name: string,
  index: number,
  init: Partial<PictureInterface> = {},
): PictureInterface {
  const mac = "02:00:00:00:0a:0a";
  return { name, index, up: true, carrier: true, mtu: 1500, mac, pvds: 1, ...init };
}

/** A PvD with one address, on which sockets are held. */
export function picturePvd(
  handle: number,
  link: { name: string; index: number },
  init: Partial<PvdInfo> = {},
): PicturePvd {
  const router = init.router ?? null;
  const pvd: PvdInfo = {
    handle,
    id: router === null ? link.name : `${router}%${link.name}`,
    kind: "implicit",
    interface: { name: link.name, index: link.index },
    router,
    attribution: router === null ? "interface" : "sole-router",
    addresses: [{
      address: `2001:db8::${handle}`,
      prefixLength: 64,
      family: 6,
      deprecated: false,
      temporary: false,
      validSeconds: 1800,
    }],
    gateways: router === null ? [] : [{ address: router, family: 6 }],
    dnsServers: [],
    searchDomains: [],
    routes: router === null ? [] : [{ destination: "::/0", gateway: router }],
    mtu: 1500,
    ai_addr: null,
    gateway_addr: null,
    dns_addr: null,
    ...init,
  };
  return { pvd, verdicts: [{ family: 6, source: `2001:db8::${handle}`, refusal: null }] };
}

/** A host with these. */
export function pictureOf(
  interfaces: PictureInterface[],
  pvds: PicturePvd[],
  tables: Picture["tables"] = [],
): Picture {
  return { host: "host", level: "unprivileged", interfaces, pvds, pvdsLeftOut: 0, tables };
}
