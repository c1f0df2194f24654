// An HTTP server that one provisioning domain reaches and no other: on all addresses of the PvD, and nowhere else.
//
//   deno run -A examples/server.ts [PORT] [INTERFACE]     or: bun examples/server.ts …
//
// Tells each client its address and the PvD it came by. Ends by SIGINT, when the requests it has are answered.

import process from "node:process";
import { choosePvd, listPvds, serve } from "@mif/sockets";

const [port = "8080", name] = process.argv.slice(2);
const pvd = choosePvd({}, [], listPvds().filter((pvd) => !name || pvd.interface.name === name));

const server = serve((_request, { remoteAddress }) => {
  return Response.json({ client: remoteAddress.address, pvd: pvd.id });
}, {
  port: Number(port),
  pvd,
  onListen: (addresses) => console.log("listening on", addresses.map(({ address }) => address)),
});
process.once("SIGINT", () => server.shutdown());
// Rejects when the PvD goes away: then nobody reaches the server any more.
await server.finished;
console.log("ended");
