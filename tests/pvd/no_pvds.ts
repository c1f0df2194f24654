/**
 * What is no PvD, or none any more.
 *
 * @module
 */

import type { PvdInfo } from "../../mod.ts";

/** A PvD of an interface that no host has. */
export const GONE: PvdInfo = {
  handle: 0x7fff_0000_0000,
  id: "fe80::1%gone0",
  kind: "implicit",
  interface: { name: "gone0", index: 0x7fff },
  router: "fe80::1",
  attribution: "sole-router",
  addresses: ["2001:db8:1::2", "192.0.2.2"].map((address, at) => ({
    address,
    prefixLength: [64, 24][at]!,
    family: at === 0 ? 6 : 4,
    deprecated: false,
    temporary: false,
    validSeconds: null,
  })),
  gateways: [{ address: "fe80::1", family: 6 }],
  dnsServers: [],
  searchDomains: [],
  routes: [{ destination: "::/0", gateway: "fe80::1" }],
  mtu: 1500,
  ai_addr: null,
  gateway_addr: null,
  dns_addr: null,
};

/** What somebody may give for a PvD. */
export const FORGED: unknown[] = [
  5,
  "",
  "h0",
  {},
  [],
  { ...GONE, id: 5 },
  { ...GONE, interface: null },
  { ...GONE, interface: { name: "h0", index: 0 } },
  { ...GONE, interface: { name: "h0", index: NaN } },
  { ...GONE, interface: { name: 5, index: 2 } },
  { ...GONE, addresses: null },
  { ...GONE, addresses: [null] },
  { ...GONE, addresses: [{ ...GONE.addresses[0], address: "example.com" }] },
  { ...GONE, addresses: [{ ...GONE.addresses[0], address: "192.0.2.1" }] },
  { ...GONE, addresses: [{ ...GONE.addresses[0], prefixLength: 129 }] },
  { ...GONE, addresses: [{ ...GONE.addresses[0], prefixLength: undefined }] },
  { ...GONE, gateways: [{ address: 5, family: 6 }] },
  { ...GONE, routes: ["::/0"] },
  { ...GONE, routes: [{ destination: "default", gateway: null }] },
  { ...GONE, routes: [{ destination: "::/0", gateway: undefined }] },
];
