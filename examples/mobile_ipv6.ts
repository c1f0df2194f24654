// Mobile IPv6 on a kernel that has none: a node tells a correspondent where it is, and proves by return routability that it
// is reached at both addresses (RFC 6275 5.2).
//
//   deno run -A examples/mobile_ipv6.ts correspondent
//   deno run -A examples/mobile_ipv6.ts node HOME CARE-OF CORRESPONDENT     or: bun examples/mobile_ipv6.ts …
//
// HOME and CARE-OF are addresses of the node's host. Both ends need CAP_NET_RAW.

import process from "node:process";
import { Correspondent, MobileNode, mobilitySocket } from "@mif/sockets/mobility";

const [role, homeAddress = "", careOfAddress = "", correspondent = ""] = process.argv.slice(2);
// Such a kernel drops what has headers of Mobile IPv6 before a raw socket sees it; it is heard from the wire.
using socket = mobilitySocket({ wire: true });

if (role === "correspondent") {
  const known = new Correspondent();
  console.log("waiting");
  for await (const received of socket) {
    const answer = await known.answer(received);
    if (answer) await socket.send(answer.message, answer.options);
    const where = known.bindings.map((each) => `${each.homeAddress} is at ${each.careOfAddress}`);
    console.log(received.message?.type, where.join(", "));
  }
} else {
  const node = new MobileNode({ socket, homeAddress, careOfAddress, correspondent });
  const { accepted, statusName, lifetimeSeconds } = await node.register({ timeoutMs: 30_000 });
  console.log(accepted ? `registered for ${lifetimeSeconds} s` : `refused: ${statusName}`);
  // At home again.
  await node.deregister({ timeoutMs: 30_000 });
  console.log("deregistered");
}
