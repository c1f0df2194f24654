/**
 * A worker that exchanges datagrams with itself, says so, and then waits for one that never comes.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { AF_INET, SOCK_DGRAM } from "../../lib/socket/options.ts";
import { socket } from "../../lib/socket/socket.ts";

const COUNT = 200;

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
parentPort!.postMessage(sum);
await receiver.recv();
