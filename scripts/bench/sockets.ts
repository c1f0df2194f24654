/**
 * The measuring script for sockets: runs in the host's namespace, in one of the two runtimes, and speaks as
 * sockets.c does, with the way to do it behind the operation ("send Socket 4711 1000").
 *
 * One line in; one line out, mostly the nanoseconds it took and the nanoseconds of CPU.
 *
 * @module
 */

import { once } from "node:events";
import { connect as connectRuntime, type Socket as RuntimeSocket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { listPvds } from "../../lib/pvd/list.ts";
import type { PvdInfo } from "../../lib/pvd/pvd.ts";
import { connect } from "../../lib/connection/connection.ts";
import { AF_INET, AF_INET6, SOCK_DGRAM } from "../../lib/socket/options.ts";
import { type Socket, socket } from "../../lib/socket/socket.ts";
import { DATAGRAM_WAYS, echoOnPvd } from "./datagrams.ts";

const INTERFACE = "h0";
const chunk = new Uint8Array(256 * 1024);

let received = 0;
let close = () => {};
let cpuAtStart = 0;
let waiting: Socket | null = null;

function cpuNanoseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function wallNanoseconds(): number {
  return Number(process.hrtime.bigint());
}

/** The PvD of the first link and one family. */
function pvdOf(family: 4 | 6): PvdInfo {
  const found = listPvds().find((pvd) =>
    pvd.interface.name === INTERFACE &&
    pvd.addresses.some((own) => own.family === family && !own.address.startsWith("fe80:"))
  );
  if (!found) throw new Error(`No PvD on ${INTERFACE}`);
  return found;
}

function addressOf(pvd: PvdInfo): string {
  return pvd.addresses.find(({ family }) => family === 4)!.address;
}

const operations: Record<string, (way: string, ...words: string[]) => Promise<string> | string> = {
  async receive(way) {
    received = 0;
    const opened = await DATAGRAM_WAYS[way]!.receive(() => received++);
    close = opened.close;
    cpuAtStart = cpuNanoseconds();
    return String(opened.port);
  },
  stop() {
    const cpu = cpuNanoseconds() - cpuAtStart;
    close();
    return `${received} ${cpu}`;
  },
  send: (way, port, count) => timed(() => DATAGRAM_WAYS[way]!.send(Number(port), Number(count))),
  echo: (way, port, count) => timed(() => DATAGRAM_WAYS[way]!.echo(Number(port), Number(count))),
  echoFar(way, address, port, count) {
    const pvd = way === "pvd" ? pvdOf(4) : null;
    return timed(() => echoOnPvd(pvd, address!, Number(port), Number(count)));
  },
  async stream(way, letter, mib, address, port) {
    const stream = await open(way, address!, Number(port), pvdOf(4));
    const answer = await timed(() => transfer(stream, letter!, Number(mib)));
    stream.destroy();
    return answer;
  },
  connect(way, address, port, count) {
    const pvd = pvdOf(4);
    return timed(async () => {
      for (let i = 0; i < Number(count); i++) {
        const stream = await open(way, address!, Number(port), pvd);
        stream.destroy();
        if (!stream.closed) await once(stream, "close");
      }
    });
  },
  /** Nanoseconds of setsockopt(pvd) alone, each on a fresh socket. */
  select(family, count) {
    const pvd = pvdOf(family === "4" ? 4 : 6);
    let wall = 0;
    const cpu = cpuNanoseconds();
    for (let i = 0; i < Number(count); i++) {
      using fresh = socket(family === "4" ? AF_INET : AF_INET6, SOCK_DGRAM);
      const start = wallNanoseconds();
      fresh.selectPvd(pvd);
      wall += wallNanoseconds() - start;
    }
    return `${wall} ${cpuNanoseconds() - cpu}`;
  },
  pid: () => String(process.pid),
  /** From now on somebody waits for a datagram that never comes. */
  wait() {
    waiting?.close();
    waiting = socket(AF_INET, SOCK_DGRAM);
    waiting.bind({ address: "127.0.0.1" });
    waiting.recvmsg().catch(() => {});
    return "";
  },
  unwait() {
    waiting?.close();
    waiting = null;
    return "";
  },
};

async function timed(operation: () => Promise<unknown>): Promise<string> {
  const cpu = cpuNanoseconds();
  const start = wallNanoseconds();
  await operation();
  return `${wallNanoseconds() - start} ${cpuNanoseconds() - cpu}`;
}

/** A connection by node:net's own means, from the same source, or by ours. */
async function open(
  way: string,
  address: string,
  port: number,
  pvd: PvdInfo,
): Promise<RuntimeSocket> {
  if (way === "connect") return (await connect({ hostname: address, port, pvd })).socket;
  const stream = connectRuntime({ host: address, port, localAddress: addressOf(pvd) });
  await once(stream, "connect");
  return stream;
}

/** So many MiB from the peer ("R") or to it ("W"). */
async function transfer(stream: RuntimeSocket, letter: string, mib: number): Promise<void> {
  stream.write(letter + String(mib).padStart(7, "0"));
  let left = mib * 2 ** 20;
  if (letter === "R") {
    await new Promise<void>((resolve) =>
      stream.on("data", (data) => {
        if ((left -= data.length) <= 0) resolve();
      })
    );
    return;
  }
  const acknowledged = once(stream, "data");
  for (; left > 0; left -= chunk.length) {
    if (!stream.write(chunk)) await once(stream, "drain");
  }
  await acknowledged;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name = "", way = "", ...words] = line.split(" ");
  const operation = operations[name];
  if (!operation) throw new Error(`Not an operation: ${line}`);
  process.stdout.write(await operation(way, ...words) + "\n");
}
