/**
 * Uses features of the package, as a row of the README's table of permissions names them, and says of each in a line what
 * came of it: "done" and what it found, or an error's name, code and message. Arguments: the native library's file, empty
 * where it is not given; and the features, each with what is wanted of it behind "=".
 *
 * @module
 */

import process from "node:process";
import { AF_INET6, SOCK_DGRAM } from "../../mod.ts";
import * as mif from "../../mod.ts";

const [path, ...asked] = process.argv.slice(2);

/** The PvD of the router, and this host's address in it. */
function own(): { pvd: mif.PvdInfo; address: string } {
  const pvd = mif.listPvds().find(({ router }) => router !== null)!;
  return { pvd, address: pvd.addresses.find(({ family }) => family === 6)!.address };
}

const features: Record<string, (word: string) => unknown> = {
  library: () => mif.load(path ? { path } : {}),
  list: () => mif.listPvds().map(({ id }) => id),
  async solicit() {
    const pvds = await mif.getpvdinfo("localhost", null, { solicit: true });
    return pvds.map(({ advertisement }) => advertisement?.prefixes.length ?? 0);
  },
  async sockets() {
    const { pvd, address } = own();
    using s = mif.socket(AF_INET6, SOCK_DGRAM);
    mif.setsockopt(s, pvd);
    await s.sendmsg({ data: new Uint8Array(8), to: { address: pvd.router!, port: 9 } });
    return s.getsockname().address === address;
  },
  async connections() {
    const { pvd, address } = own();
    using listener = mif.listen({ port: 0, pvd, hostname: address });
    const { port } = listener.addresses[0]!;
    await using _connection = await mif.connect({ hostname: address, port, pvd });
    for await (const accepted of listener) {
      await accepted.close();
      break;
    }
    await using server = mif.serve(() => new Response("hello"), {
      port: 0,
      pvd,
      hostname: address,
    });
    using fetch = mif.createFetch(pvd);
    return await (await fetch(`http://[${address}]:${server.address.port}/`)).text();
  },
  dns: () => own().pvd.dnsServers.map(({ source }) => source),
  names: async (word) => (await mif.getaddrinfo(word, null, null, own().pvd)).length,
  services: async (word) => (await mif.getaddrinfo("::1", word, null, null))[0]!.ai_addr.port,
  exec: async () => (await mif.exec(own().pvd, ["true"])).code,
  routes: () => mif.showRoutes().length,
};

for (const words of asked) {
  const [feature, word] = words.split("=");
  try {
    if (path) mif.load({ path });
    console.log("done", JSON.stringify(await features[feature!]!(word!)));
  } catch (error) {
    const { name, code, message } = error as { name: string; code?: string; message: string };
    console.log(name, code, message);
  }
}
