/**
 * Runs in the host: listens on one PvD in every way there is. Arguments: interface, one of the PvD's addresses, the
 * certificate and key as JSON, and where not all of the PvD is meant the one address to listen on.
 *
 * @module
 */

import process from "node:process";
import { type FetchHandler, listen, listPvds, serve } from "../../mod.ts";
import { SERVE_PORTS } from "./bridges.ts";

const [interfaceName, address, certificate, hostname] = process.argv.slice(2);
const pvd = listPvds().find((pvd) =>
  pvd.interface.name === interfaceName && pvd.addresses.some((own) => own.address === address)
)!;
const handler: FetchHandler = (request, { remoteAddress, localAddress }) =>
  Response.json({
    url: request.url,
    remoteAddress: remoteAddress.address,
    localAddress: localAddress.address,
  });
const servers = [
  serve(handler, { port: SERVE_PORTS.http, pvd, hostname }),
  serve(handler, { port: SERVE_PORTS.https, pvd, hostname, tls: JSON.parse(certificate!) }),
];
const listener = listen({ port: SERVE_PORTS.listen, pvd, hostname });
// Time for whatever else might begin to listen.
setTimeout(() => {
  const addresses = [...servers.flatMap(({ addresses }) => addresses), ...listener.addresses];
  console.log(JSON.stringify(addresses.map(({ address, port }) => `${address} ${port}`)));
}, 200);
for await (const connection of listener) {
  connection.socket.end(connection.pvd!.id);
}
