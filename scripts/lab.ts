/**
 * `deno task lab` or `bun scripts/lab.ts`: builds two small worlds out of network namespaces, shows what
 * `mif list` sees in them, and what the kernel does with a source address of one's own choice. With the word "mobility"
 * another one: Mobile IPv6's return routability.
 *
 * Needs root or user namespaces, and nothing of the machine's own network. What it builds ends with it.
 *
 * @module
 */

import process from "node:process";
import {
  type Capture,
  type Host,
  type LabRouter,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV6,
  twoLinks,
  twoRouters,
  waitFor,
  World,
} from "../tests/lab/mod.ts";
import { inLab } from "./in_lab.ts";
import { mobility } from "./lab/mobility.ts";

const cli = new URL("../cli.ts", import.meta.url);
const sendDatagram = new URL("../tests/lab/send_datagram.ts", import.meta.url);

const twoLinksText = `Two networks, each on a link of its own: a laptop with cable and Wi-Fi.

             h0 ───── r1  advertises ${NETWORK_1.prefix}, DNS ${NETWORK_1.routerAddress}
      host ─┤             and has IPv4 ${NETWORK_1.ipv4Prefix}
             h1 ───── r2  advertises ${NETWORK_2.prefix}, DNS ${NETWORK_2.routerAddress}
                          and has IPv4 ${NETWORK_2.ipv4Prefix}

One provisioning domain per interface and router for IPv6, one per interface for IPv4:
`;

const twoRoutersText = `The same two networks on one link: two providers behind one switch.

                       ┌─ r1  advertises ${NETWORK_1.prefix}
      host h0 ─ switch ┤
                       └─ r2  advertises ${NETWORK_2.prefix}

No kernel table says any more which of the two prefixes is whose:
`;

/** Prints both worlds. Returns the exit status: 0, or 1 where `mif list` failed. */
async function main(): Promise<number> {
  console.log(twoLinksText);
  let status: number;
  {
    await using world = new World();
    const { host } = await twoLinks(world);
    status = await list(host);
  }
  console.log(twoRoutersText);
  await using world = new World();
  const { host, r1, r2 } = await twoRouters(world);
  status = Math.max(status, await list(host));
  const leak = await findLeak(host, [r1, r2]);
  if (leak !== null) console.log(leak);
  return status;
}

async function list(host: Host): Promise<number> {
  // What a network manager would have written of the advertisements: the library finds out whose is which.
  const servers = [NETWORK_1, NETWORK_2].map(({ routerAddress }) =>
    `nameserver ${routerAddress}\n`
  );
  host.writeFile("/etc/resolv.conf", servers.join(""));
  const { status, stdout, stderr } = await host.runScript(cli, ["list"]);
  console.log("$ mif list");
  console.log(stdout + stderr);
  return status === 0 ? 0 : 1;
}

/** Sends one datagram from each network's address and looks which router the kernel gave it to. */
async function findLeak(
  host: Host,
  routers: readonly [LabRouter, LabRouter],
): Promise<string | null> {
  for (const owner of routers) {
    const stranger = owner === routers[0] ? routers[1] : routers[0];
    const captures = await Promise.all(routers.map((router) => router.host.capture("lan0")));
    const source = owner.network.hostAddress;
    const args = [source, SERVICE_IPV6, "53"];
    const sender = await host.runScript(sendDatagram, args, { unprivileged: true });
    if (sender.status !== 0) throw new Error(sender.stderr);
    const nextHop = await nextHopOf(captures, source);
    await Promise.all(captures.map((capture) => capture.stop()));
    if (nextHop === stranger.network.routerMac) {
      return `And the kernel does not care: a datagram from ${source}, an address of ${owner.host.name}'s ` +
        `network, was given to ${stranger.host.name} (${nextHop}), where a provider that filters by ` +
        `source address (BCP 38) drops it.`;
    }
  }
  return null;
}

/** The MAC address that the datagram went to. */
async function nextHopOf(captures: readonly Capture[], source: string): Promise<string> {
  const frame = await waitFor(
    "the datagram at a router",
    () => captures.flatMap(({ frames }) => frames).find((f) => f.src === source && f.dport === 53),
  );
  return frame.dstMac;
}

await inLab(import.meta.url, process.argv[2] === "mobility" ? mobility : main);
