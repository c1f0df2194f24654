/**
 * A mobility socket on a PvD: one JSON line for each step. Words: the PvD's ID, and the destination.
 *
 * @module
 */

import process from "node:process";
import { listPvds, setprocpvd, setsockopt } from "../../mod.ts";
import { mobilitySocket } from "../../lib/mobility/mod.ts";

const [id, to = ""] = process.argv.slice(2);
const pvd = listPvds().find((pvd) => pvd.id === id)!;

async function outcome(run: () => unknown): Promise<void> {
  let told: string;
  try {
    told = String(await run());
  } catch (error) {
    told = (error as { code?: string }).code ?? String(error);
  }
  console.log(told);
}

const homeAddress = "2001:db8:9999::1";
const update = { type: "BU", sequence: 1, lifetimeSeconds: 420 } as const;
{
  using s = mobilitySocket();
  await outcome(() => setsockopt(s, pvd));
  await outcome(() => s.pvd?.id);
  await outcome(() => s.send(update, { to }));
  await outcome(() => s.send({ ...update, sequence: 2 }, { to, homeAddress }));
  // What the library cannot prove it refuses.
  await outcome(() => s.send(update, { to, careOfAddress: to }));
  await outcome(() => s.send(update, { to, from: "2001:db8:1::ff:fe00:a0a" }));
}
{
  using s = mobilitySocket({ pvd, checksum: "library" });
  await outcome(() => s.send({ ...update, sequence: 3 }, { to }));
}
setprocpvd(pvd);
{
  using s = mobilitySocket();
  await outcome(() => s.send({ ...update, sequence: 4 }, { to, homeAddress }));
  await outcome(() => s.send({ ...update, sequence: 5 }, { to }));
  await outcome(() => s.send(update, { to, careOfAddress: to }));
}
setprocpvd("none");
{
  using s = mobilitySocket();
  await outcome(() => s.send(update, { to }));
  await outcome(() => s.send(update, { to, homeAddress }));
}
