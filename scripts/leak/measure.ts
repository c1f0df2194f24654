/**
 * What two routers on one link capture of a host that sends from an address of each one's network: by plain sockets, by
 * this library's, and by them once `mif route install` was run.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import {
  type Capture,
  type Host,
  type LabRouter,
  type Network,
  NETWORK_1,
  NETWORK_2,
  SERVICE_IPV6,
  twoRouters,
  waitFor,
  World,
} from "../../tests/lab/mod.ts";

/** The networks, in the order of the routers. */
export const NETWORKS: readonly [Network, Network] = [NETWORK_1, NETWORK_2];
/** Where all datagrams go: an address behind both routers. */
export const DESTINATION = { address: SERVICE_IPV6, port: 53 };

/** One way to send, and what became of a datagram from each network's address. */
export interface Sending {
  how: "plain" | "library" | "library, with routing rules";
  datagrams: [Outcome, Outcome];
}

/** What became of a datagram. */
export interface Outcome {
  /** Its source. */
  source: string;
  /** Why the socket was refused it; null where it was sent. */
  refused: string | null;
  /** The frames of it that came to the routers; none where it was refused. */
  frames: CapturedFrame[];
}

/** What a router saw. */
export interface CapturedFrame {
  /** The router that it was sent to. */
  router: 1 | 2;
  dstMac: string;
  src: string;
  dst: string;
  dport: number;
}

const send = fileURLToPath(new URL("send.ts", import.meta.url));
const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));

/** Builds the network, sends, and takes it down. Needs the lab, and the right to hear and to route. */
export async function measureLeak(): Promise<Sending[]> {
  await using world = new World();
  const { host, r1, r2 } = await twoRouters(world, { ipv4: false });
  const routers: [LabRouter, LabRouter] = [r1, r2];
  const sendings: Sending[] = [
    { how: "plain", datagrams: await sendFromBoth(host, routers, "plain") },
    { how: "library", datagrams: await sendFromBoth(host, routers, "library") },
  ];
  const installed = await host.runScript(cli, ["route", "install", "--solicit"]);
  if (installed.status !== 0) throw new Error(installed.stderr);
  sendings.push({
    how: "library, with routing rules",
    datagrams: await sendFromBoth(host, routers, "library"),
  });
  return sendings;
}

async function sendFromBoth(
  host: Host,
  routers: readonly [LabRouter, LabRouter],
  how: "plain" | "library",
): Promise<[Outcome, Outcome]> {
  return [
    await sendFrom(host, routers, how, NETWORK_1.hostAddress),
    await sendFrom(host, routers, how, NETWORK_2.hostAddress),
  ];
}

async function sendFrom(
  host: Host,
  routers: readonly [LabRouter, LabRouter],
  how: string,
  source: string,
): Promise<Outcome> {
  const { address, port } = DESTINATION;
  const captures = await Promise.all(routers.map((router) => router.host.capture("lan0")));
  const { status, stdout, stderr } = await host.runScript(send, [how, source, address, `${port}`]);
  if (status !== 0) throw new Error(stderr);
  const refused = stdout.trim() || null;
  const found = () =>
    captures.flatMap(({ frames }) => frames).filter((frame) =>
      frame.direction === "in" && frame.src === source && frame.dport === port
    );
  if (refused === null) await waitFor("the datagram at a router", () => found().length > 0);
  // What was refused has not come when something later has, at each of them.
  else await Promise.all(routers.map((router, i) => sendLater(host, router, captures[i]!)));
  await Promise.all(captures.map((capture) => capture.stop()));
  // A switch may flood a frame to stations it is not for.
  const frames = routers.flatMap(({ network }, i) =>
    found().filter(({ dstMac }) => dstMac === network.routerMac)
      .map(({ dstMac, src, dst, dport }): CapturedFrame => ({
        router: i === 0 ? 1 : 2,
        dstMac,
        src: src!,
        dst: dst!,
        dport: dport!,
      }))
      .slice(0, 1)
  );
  return { source, refused, frames };
}

async function sendLater(host: Host, { network }: LabRouter, capture: Capture): Promise<void> {
  const { hostAddress, routerAddress } = network;
  const port = DESTINATION.port + 1;
  const { status, stderr } = await host.runScript(send, [
    ...["plain", hostAddress, routerAddress],
    `${port}`,
  ]);
  if (status !== 0) throw new Error(stderr);
  await capture.waitFor("what was sent later", (frame) => frame.dport === port);
}
