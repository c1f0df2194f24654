// A UDP socket that stays on one provisioning domain: it leaves by that PvD's router or not at all.
//
//   deno run -A examples/bind_socket.ts ADDRESS PORT [ID]     or: bun examples/bind_socket.ts …
//
// Sends a word, waits for an answer, and says by which way both went. An ID is what `mif list` prints.

import process from "node:process";
import {
  AF_INET,
  AF_INET6,
  choosePvd,
  listPvds,
  MifError,
  setsockopt,
  SOCK_DGRAM,
  socket,
} from "@mif/sockets";

const [address = "2001:db8::1", port = "7", id] = process.argv.slice(2);
try {
  // The best that has a route there, or the one that was asked for.
  const named = listPvds().find((pvd) => pvd.id === id);
  const pvd = named ?? choosePvd({ reach: address });
  using s = socket(address.includes(":") ? AF_INET6 : AF_INET, SOCK_DGRAM);
  // The draft's call. The kernel is asked here: where it would take another router, this throws.
  setsockopt(s, pvd);
  await s.sendmsg({ data: new TextEncoder().encode("hello"), to: { address, port: Number(port) } });
  console.log(`sent from ${s.getsockname().address} on ${pvd.id}`);
  const { data, from } = await s.recvmsg({ timeoutMs: 2000 });
  console.log(`${from?.address} answered: ${new TextDecoder().decode(data)}`);
} catch (error) {
  if (!(error instanceof MifError)) throw error;
  // Says what was tried, and what to do about it.
  console.error(error.message);
  process.exitCode = 1;
}
