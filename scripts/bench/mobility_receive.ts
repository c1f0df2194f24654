/**
 * The script that receives mobility messages, in one of the two runtimes; it speaks as mobility_receive.c does.
 *
 * "receive" takes them out of a mobilitySocket(): parsed, with their addresses, and with a verdict. "receive-raw" takes them
 * out of a Socket, as they are.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { type MobilitySocket, mobilitySocket } from "../../lib/mobility/mod.ts";
import {
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_MH,
  IPV6_RECVDSTOPTS,
  IPV6_RECVPKTINFO,
  IPV6_RECVRTHDR,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
} from "../../lib/socket/options.ts";
import { type Socket, socket } from "../../lib/socket/socket.ts";

const ROOM = 64 * 1024 * 1024;
/** All is there before it is taken out: who has not all of it by then has lost something. */
const LOST_MS = 60_000;
let parsing: MobilitySocket | null = null;
let raw: Socket | null = null;
/** What came, so that nothing is left out. */
let seen = 0;

const operations: Record<string, (count: number) => void | Promise<void>> = {
  open() {
    parsing = mobilitySocket();
    parsing.setsockopt(SOL_SOCKET, SO_RCVBUFFORCE, ROOM);
  },
  "open-raw"() {
    raw = socket(AF_INET6, SOCK_RAW, IPPROTO_MH);
    raw.setsockopt(SOL_SOCKET, SO_RCVBUFFORCE, ROOM);
    for (const name of [IPV6_RECVPKTINFO, IPV6_RECVRTHDR, IPV6_RECVDSTOPTS]) {
      raw.setsockopt(IPPROTO_IPV6, name, true);
    }
  },
  async receive(count) {
    for await (const { message, verdict } of parsing!) {
      if (!verdict.ok || message?.type !== "BU") throw new Error("Not the message that was sent");
      seen += message.sequence;
      if (--count === 0) return;
    }
    throw new Error(`${count} messages were lost`);
  },
  async "receive-raw"(count) {
    for await (const { data } of raw!) {
      seen += data.length;
      if (--count === 0) return;
    }
    throw new Error(`${count} messages were lost`);
  },
  close() {
    parsing?.close();
    raw?.close();
    parsing = raw = null;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name = "", count] = line.split(" ");
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  const lost = setTimeout(() => operations.close!(0), LOST_MS);
  await operations[name]!(Number(count));
  clearTimeout(lost);
  const wall = process.hrtime.bigint() - start;
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${wall} ${(user + system) * 1000}\n`);
  if (!Number.isFinite(seen)) throw new Error("Nothing was seen");
}
