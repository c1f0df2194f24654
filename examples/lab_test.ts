// A test with the lab: two providers on one link, and a program of yours between them. A packet with one provider's
// address must not go to the other's router; a capture at each router proves it.
//
//   mif lab -- deno test -A examples/lab_test.ts     or: mif lab -- bun test ./examples/lab_test.ts
//
// In a checkout `mif` is `deno run -A cli.ts`. Where networks cannot be built the test is skipped and says why.

import assert from "node:assert/strict";
import { test } from "node:test";
import { labSkip, NETWORK_2, SERVICE_IPV6, twoRouters, World } from "@mif/sockets/lab";

const program = new URL("bind_socket.ts", import.meta.url);
const mif = new URL("../cli.ts", import.meta.url);

test("it leaves by the router of its PvD", { skip: labSkip(), timeout: 60_000 }, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoRouters(world);
  // Rules that hold each source to its router, of which this link has two.
  const installed = await host.runScript(mif, ["route", "install", "--solicit"]);
  assert.equal(installed.status, 0, installed.stderr);

  const captures = await Promise.all([r1, r2].map((router) => router.host.capture("lan0")));
  const pvd = `${NETWORK_2.routerLinkLocal}%h0`;
  await host.runScript(program, [SERVICE_IPV6, "7", pvd], { unprivileged: true });
  await captures[1]!.waitFor("the datagram", ({ dport }) => dport === 7);

  const frames = (await Promise.all(captures.map((capture) => capture.stop()))).flat();
  const sent = frames.filter(({ src, dport }) => src === NETWORK_2.hostAddress && dport === 7);
  // The station it was sent to is the router that was chosen, whatever a switch floods.
  assert.ok(sent.length > 0 && sent.every(({ dstMac }) => dstMac === NETWORK_2.routerMac));
});
