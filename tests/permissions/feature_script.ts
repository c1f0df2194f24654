/**
 * Uses features of the package, as a row of the README's table of permissions names them, and says of each in a line what
 * came of it: "done" and what it found, or an error's name, code and message. Arguments: the native library's file, empty
 * where it is not given; and the features, each with what is wanted of it behind the first "=".
 *
 * @module
 */

import process from "node:process";
import { mobilitySocket } from "../../lib/mobility/mod.ts";
import { AF_INET6, SOCK_DGRAM } from "../../mod.ts";
import * as mif from "../../mod.ts";

const [path, ...asked] = process.argv.slice(2);

/** The PvD of the router, and this host's address in it. */
function own(): { pvd: mif.PvdInfo; address: string } {
  const pvd = mif.listPvds().find(({ router }) => router !== null)!;
  return { pvd, address: pvd.addresses.find(({ family }) => family === 6)!.address };
}

const isExplicit = ({ kind }: mif.PvdInfo) => kind === "explicit";

/** The explicit PvD, once its router was asked. */
async function explicit(): Promise<mif.PvdInfo> {
  return (await mif.getpvdinfo("localhost", null, { solicit: true })).find(isExplicit)!;
}

const features: Record<string, (word: string) => unknown> = {
  library: () => mif.load(path ? { path } : {}),
  list: () => mif.listPvds().map(({ id }) => id),
  async watch() {
    for await (const { type, pvd } of mif.watchPvds()) if (type === "default") return pvd!.id;
  },
  async solicit() {
    const { id, advertisement } = await explicit();
    return [id, advertisement!.prefixes.length];
  },
  heard: () => mif.listPvds().filter(isExplicit).map(({ id }) => id),
  information: async (ca) => (await mif.fetchAdditionalInfo(await explicit(), { ca })).prefixes,
  async portal(ca) {
    const { state, error } = await mif.validate(await explicit(), { ca });
    if (error) throw error;
    return state;
  },
  async mobility() {
    using s = mobilitySocket({ wire: true });
    await s.send({ type: "HoTI", cookie: new Uint8Array(8) }, { to: "::1" });
    return (await s.receive()).message?.type;
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
  const [feature] = words.split("=", 1);
  const word = words.slice(feature!.length + 1);
  try {
    if (path) mif.load({ path });
    console.log("done", JSON.stringify(await features[feature!]!(word)));
  } catch (error) {
    const { name, code, message } = error as { name: string; code?: string; message: string };
    console.log(name, code, message);
  }
}
