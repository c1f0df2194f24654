// Additional information (RFC 8801 4) that is watched, and that the daemon fetches for those who may not: with a real https
// server and an authority of our own.

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { PvdInfo } from "../../mod.ts";
import { makeCertificates } from "../connection/certificates.ts";
import {
  type Host,
  type LabRouter,
  labSkip,
  NETWORK_1,
  oneLink,
  pvdOption,
  SERVICE_IPV6,
  waitFor,
  World,
} from "../lab/mod.ts";
import { ALL_CALLERS, CALLERS, mif, mifArgv } from "./mif.ts";
import { CERTIFICATE_ADDRESSES, type PvdServerRequest, ZONE } from "./pvd_site.ts";
import { Watching } from "./watching.ts";

const lab = { skip: labSkip(), timeout: 180_000 };
const ID = `good.${ZONE}`;
const UNPRIVILEGED = ALL_CALLERS.filter(({ unprivileged }) => unprivileged);
const ROOT = CALLERS.filter(({ unprivileged }) => !unprivileged);

let made: ReturnType<typeof makeCertificates> | undefined;

/** Makes the router speak of the PvD, with a sequence number. */
function announce({ advertiser }: LabRouter, sequence: number, delay = 0): Promise<void> {
  return advertiser!.update({
    prefixes: [{ prefix: NETWORK_1.prefix }],
    rdnss: [{ servers: [SERVICE_IPV6] }],
    options: [pvdOption({ id: ID, http: true, sequence, delay })],
  });
}

/** One router with an explicit PvD, its name server, and the PvD's web server; and the file of who is trusted. */
async function site(world: World): Promise<{ host: Host; r1: LabRouter; ca: string }> {
  made ??= makeCertificates([`DNS:${ID}`]);
  const { host, r1 } = await oneLink(world, { ipv4: false });
  r1.host.batch(
    Object.values(CERTIFICATE_ADDRESSES).slice(1).map((address) =>
      `addr add ${address}/128 dev lo nodad`
    ),
  );
  await r1.host.dnsmasq({ listen: [SERVICE_IPV6], records: { [ID]: [SERVICE_IPV6] } });
  const { cert, key } = made;
  const certificates = Object.fromEntries(
    Object.keys(CERTIFICATE_ADDRESSES).map((name) => [name, { cert, key }]),
  ) as PvdServerRequest["certificates"];
  const request: PvdServerRequest = {
    name: r1.host.name,
    prefix: NETWORK_1.prefix,
    certificates,
  };
  const server = r1.host.spawnScript(new URL("./pvd_server.ts", import.meta.url), [
    JSON.stringify(request),
  ]);
  await server.waitForOutput(/serving/, 60_000);
  host.writeFile("/run/ca.pem", made.ca);
  await announce(r1, 1);
  return { host, r1, ca: "/run/ca.pem" };
}

for (const caller of ROOT) {
  test(
    `it comes, goes with the sequence number, and comes again: ${caller.runtime}`,
    lab,
    async () => {
      await using world = new World();
      const { host, r1, ca } = await site(world);
      const words = ["--solicit", "--additional-info", "--ca", ca];
      const watching = await Watching.start(host, caller, ...words);
      const known = () => watching.pvd(ID)?.additionalInfo;
      await watching.until("the information", known, 60_000);
      assert.equal(known()!.identifier, ID);
      assert.deepEqual(watching.events.map(({ type }) => type).slice(0, 2), ["added", "default"]);
      // The rule is ten seconds between two requests.
      await announce(r1, 2, 3);
      await watching.until("its end", () => !known());
      await watching.until("the new one", known, 60_000);
      await watching.process.stop();
      const wrong = await mif(host, caller, "watch", "--ca", ca);
      assert.deepEqual([wrong.status, wrong.stdout], [2, ""]);
    },
  );

  test(
    `the daemon fetches it, and those without privileges have it: ${caller.runtime}`,
    lab,
    async () => {
      await using world = new World();
      const { host, r1, ca } = await site(world);
      const daemon = host.spawn(mifArgv(caller, "daemon", "--additional-info", "--ca", ca));
      await daemon.waitForOutput(/hears routers/, 60_000);
      for (const reader of UNPRIVILEGED) {
        await waitFor("the information", async () => {
          const { stdout } = await mif(host, reader, "list", "--json");
          const pvd = JSON.parse(stdout).find(({ id }: { id: string }) => id === ID);
          return pvd?.additionalInfo?.identifier === ID;
        }, 60_000);
      }
      // Who would have it fetched, and has it from the daemon, sends nothing.
      const capture = await r1.host.capture("lan0");
      const own = await Watching.start(host, caller, "--additional-info", "--ca", ca);
      await own.until("the daemon's", () => own.pvd(ID)?.additionalInfo);
      await own.process.stop();
      const sent = (await capture.stop()).filter(({ direction, protocol }) =>
        direction === "in" && protocol === 6
      );
      assert.deepEqual(sent, []);
      const watchings = await Promise.all(
        UNPRIVILEGED.map((reader) => Watching.start(host, reader)),
      );
      for (const watching of watchings) assert.ok(watching.pvd(ID)!.additionalInfo);
      await announce(r1, 2);
      for (const watching of watchings) {
        const has = (pvd: PvdInfo | null | undefined, isKnown: boolean) =>
          pvd?.sequence === 2 && (pvd.additionalInfo !== undefined) === isKnown;
        await watching.until("the new one", () => has(watching.pvd(ID), true), 60_000);
        assert.ok(watching.events.some(({ pvd }) => has(pvd, false)), "the old one went first");
      }
      process.kill(-daemon.pid, "SIGTERM");
      assert.equal((await daemon.exited).status, 0, daemon.stderr);
    },
  );
}
