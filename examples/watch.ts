// The provisioning domains of this host, and how they change: what a program listens to that must know when to reconnect.
//
//   deno run -A examples/watch.ts     or: bun examples/watch.ts
//
// First every PvD that is there, then each change, until SIGINT. It sleeps while nothing changes.

import process from "node:process";
import { watchPvds } from "@mif/sockets";

const ended = new AbortController();
process.once("SIGINT", () => ended.abort());

for await (const { type, pvd } of watchPvds({ signal: ended.signal })) {
  if (type === "default") {
    // Which one the system takes for what names none; null where there is no way out at all.
    console.log("default", pvd?.id ?? "none");
  } else {
    const addresses = pvd.addresses.map(({ address }) => address).join(" ");
    console.log(type, pvd.id, type === "removed" ? "" : addresses);
  }
}
