/** Uses all of @mif/sockets/mobility that needs nothing of the machine; prints what came out. */

import * as mobility from "../../lib/mobility/mod.ts";

const header = mobility.buildDestinationOptions({
  nextHeader: mobility.IPPROTO_MH,
  options: [{ name: "home-address", homeAddress: "2001:db8::1" }],
});
const bytes = mobility.sealMobility(
  "2001:db8::1",
  "2001:db8::2",
  mobility.buildMobility({ type: "BU", sequence: 1, lifetimeSeconds: 420 }),
);
const verdict = mobility.validateMobility(bytes, {
  source: "2001:db8:9::1",
  homeAddress: "2001:db8::1",
  destination: "2001:db8::2",
});
console.log(JSON.stringify([
  mobility.parseMobility(bytes).type,
  verdict,
  mobility.inet6_rth_segments(mobility.buildRoutingHeader({ name: "type-2", homeAddress: "::1" })),
  [...mobility.extensionOptions(header)].map(({ type }) => type),
  mobility.parseMobilityIcmp(mobility.buildMobilityIcmp({ type: "MPS", identifier: 7 })).type,
  mobility.getprotobyname("ipv6-mh")?.p_proto,
]));
