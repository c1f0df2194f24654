// An explicit provisioning domain (RFC 8801): its router names it, and the owner of the name may say more, by HTTPS.
//
//   deno run -A examples/explicit_pvd.ts [ID]     or: bun examples/explicit_pvd.ts …
//
// Asks the routers of all links, which needs CAP_NET_RAW, and shows what they and the owners say; with an ID, which is a
// domain name, of that PvD alone.

import process from "node:process";
import { getpvdinfo } from "@mif/sockets";

const [id] = process.argv.slice(2);
const pvds = await getpvdinfo("localhost", null, { solicit: true, additionalInfo: true });

for (const pvd of pvds.filter((pvd) => pvd.kind === "explicit" && (id ?? pvd.id) === pvd.id)) {
  console.log(`${pvd.id}, by ${pvd.router} on ${pvd.interface.name}, sequence ${pvd.sequence}`);
  console.log("  addresses", pvd.addresses.map(({ address }) => address));
  console.log("  DNS", pvd.dnsServers.map(({ address }) => address), pvd.searchDomains);
  if (pvd.additionalInfo) {
    // As the owner's certificate proves, and only while it holds.
    const { expires, prefixes, dnsZones = [], noInternet = false } = pvd.additionalInfo;
    console.log("  its owner says, until", expires, { prefixes, dnsZones, noInternet });
  } else if (pvd.httpInfo) {
    console.log("  its owner says more, which could not be had");
  }
}
