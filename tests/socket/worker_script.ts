/**
 * A worker that exchanges datagrams with itself, opens a socket of every kind and seven more reactors, says so, and then
 * waits for what never comes. `workerData`: how it is to wait, or null.
 *
 * @module
 */

import { createServer } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { connect } from "../../lib/connection/connection.ts";
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from "../../lib/socket/options.ts";
import { Reactor, useWaitStrategy } from "../../lib/socket/reactor.ts";
import { socket } from "../../lib/socket/socket.ts";
import { changeNumber } from "../../lib/netlink/current.ts";

const COUNT = 200;

if (workerData !== null) useWaitStrategy(workerData);
using sender = socket(AF_INET, SOCK_DGRAM);
const receiver = socket(AF_INET, SOCK_DGRAM);
receiver.bind({ address: "127.0.0.1" });
const to = receiver.getsockname();
let sum = 0;
for (let i = 0; i < COUNT; i++) {
  const received = receiver.recv({ timeoutMs: 5000 });
  await sender.sendmsg({ data: new Uint8Array([i]), to });
  sum += (await received)[0]!;
}
const listener = socket(AF_INET6, SOCK_STREAM);
listener.bind({ address: "::1" });
listener.listen();
const connection = await connect({ hostname: "::1", port: listener.getsockname().port });
const accepted = await listener.accept();
for (let i = 0; i < 7; i++) new Reactor(workerData);
changeNumber();
const server = createServer(() => {}).listen(0, "127.0.0.1");
parentPort!.postMessage(sum);
// Not awaited: Deno keeps two descriptors of a worker that it ends while its module is being evaluated.
Promise.all([receiver.recv(), listener.accept(), accepted.recv()]).then(() =>
  console.error("what came?", connection, server)
);
