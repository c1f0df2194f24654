/**
 * Uses the package in a container: prints one JSON object, in which each thing is what it gave, or the code and message of its
 * error. Arguments: the native library's file, if it is to be given.
 *
 * @module
 */

import process from "node:process";
import * as mif from "../../mod.ts";
import { reactor } from "../../lib/socket/reactor.ts";

const [path] = process.argv.slice(2);

/** A datagram from a socket to itself, over loopback. */
async function datagram(): Promise<number> {
  using s = mif.socket(mif.AF_INET, mif.SOCK_DGRAM);
  s.bind({ address: "127.0.0.1" });
  const received = s.recv({ timeoutMs: 10_000 });
  await s.sendmsg({ data: new Uint8Array([7]), to: s.getsockname() });
  return (await received)[0]!;
}

/** A datagram by the router's PvD. */
async function onPvd(): Promise<string> {
  const pvd = mif.choosePvd({ family: 6 }, [], mif.listPvds().filter(({ router }) => router));
  using s = mif.socket(mif.AF_INET6, mif.SOCK_DGRAM);
  mif.setsockopt(s, pvd);
  await s.sendmsg({ data: new Uint8Array(1), to: { address: "2001:db8:ffff::1", port: 9 } });
  return s.getsockname().address;
}

const uses: Record<string, () => unknown> = {
  library: () => mif.load(path ? { path } : {}),
  list: () => mif.listPvds().map(({ id }) => id),
  datagram,
  onPvd,
  waiting: () => reactor().strategy,
  numeric: async () => (await mif.getaddrinfo("192.0.2.1", "443", null, null)).length,
  exec: async () => {
    const pvd = mif.listPvds().find(({ router }) => router)!;
    return (await mif.exec(pvd, ["true"])).code;
  },
};

const said: Record<string, unknown> = {};
for (const [name, use] of Object.entries(uses)) {
  try {
    said[name] = await use();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    said[name] = `${code}: ${message}`;
  }
}
console.log(JSON.stringify(said));
