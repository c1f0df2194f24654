/**
 * The networks the snapshot is measured in.
 *
 * @module
 */

import { type Host, manyLinks, manyRoutes, type World } from "../../tests/lab/mod.ts";

/** One network to measure in. */
export interface BenchWorld {
  /** As the report names it. */
  name: string;
  build(world: World): Promise<Host>;
}

/** The one all others are compared with. */
export const SMALL = "3 links, 10 routes";

/** A table that no rule looks into. */
const UNUSED_TABLE = 1000;

/** All of them, the small one first. */
export const WORLDS: readonly BenchWorld[] = [
  { name: SMALL, build: (world) => threeLinks(world) },
  {
    name: "100 links, 10,000 routes",
    async build(world) {
      const { host } = await manyLinks(world, 100, { advertise: true });
      // Each link has three IPv6 routes already: link-local, prefix and default.
      manyRoutes(host, 4850, { interface: "h0", family: 4 });
      manyRoutes(host, 4850, { interface: "h0", family: 6 });
      return host;
    },
  },
  {
    name: "3 links, 100,000 IPv6 routes in a table of nobody",
    async build(world) {
      const host = await threeLinks(world);
      manyRoutes(host, 100_000, { interface: "h0", table: UNUSED_TABLE });
      return host;
    },
  },
  {
    name: "3 links, 100,000 IPv4 routes of bird in main",
    async build(world) {
      const host = await threeLinks(world);
      manyRoutes(host, 100_000, { interface: "h0", family: 4, protocol: "bird" });
      return host;
    },
  },
  {
    name: "3 links, 100,000 IPv6 routes of bird in main",
    async build(world) {
      const host = await threeLinks(world);
      manyRoutes(host, 100_000, { interface: "h0", protocol: "bird" });
      return host;
    },
  },
];

/** Three advertised links with three routes each, and an IPv4 default route. */
async function threeLinks(world: World): Promise<Host> {
  const { host } = await manyLinks(world, 3, { advertise: true });
  host.batch([
    "addr add 198.51.100.10/24 dev h0 noprefixroute",
    "route add default via 198.51.100.1 dev h0 onlink",
  ]);
  host.writeFile(
    "/etc/resolv.conf",
    "nameserver 198.51.100.1\nnameserver 2001:db8:1000:1::1\nsearch one.example\n",
  );
  return host;
}
