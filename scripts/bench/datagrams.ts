/**
 * The same three things done with each way a program here may use UDP: ours, and the runtimes' own.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { AF_INET, SOCK_DGRAM } from "../../lib/socket/options.ts";
import { socket } from "../../lib/socket/socket.ts";
import type { PvdInfo } from "../../lib/pvd/pvd.ts";

/** Bytes of a datagram that is only received or only sent. */
const SIZE = 64;
/** Bytes of one that is to come back. */
const ECHO_SIZE = 16;
const hostname = "127.0.0.1";

/** One way to use UDP. */
export interface DatagramWay {
  /** Opens a socket and calls `count` for each datagram that comes. */
  receive(count: () => void): Promise<{ port: number; close(): void }>;
  /** Sends `count` datagrams, each when the one before has been taken. */
  send(port: number, count: number): Promise<void>;
  /** Sends `count` datagrams, each when the one before has come back. */
  echo(port: number, count: number): Promise<void>;
}

const ours: DatagramWay = {
  async receive(count) {
    const receiver = socket(AF_INET, SOCK_DGRAM);
    receiver.bind({ address: hostname });
    (async () => {
      for await (const message of receiver) if (message.length === SIZE) count();
    })();
    await Promise.resolve();
    return { port: receiver.getsockname().port, close: () => receiver.close() };
  },
  async send(port, count) {
    using sender = socket(AF_INET, SOCK_DGRAM);
    const data = new Uint8Array(SIZE);
    const to = { address: hostname, port };
    for (let i = 0; i < count; i++) await sender.sendmsg({ data, to });
  },
  async echo(port, count) {
    using client = socket(AF_INET, SOCK_DGRAM);
    await client.connect({ address: hostname, port });
    const data = new Uint8Array(ECHO_SIZE);
    for (let i = 0; i < count; i++) {
      await client.send(data);
      await client.recv();
    }
  },
};

/** Ours on a PvD: to another host, for a socket that is bound to a device hears nothing by the loopback. */
export async function echoOnPvd(
  pvd: PvdInfo | null,
  address: string,
  port: number,
  count: number,
): Promise<void> {
  using client = socket(AF_INET, SOCK_DGRAM);
  if (pvd) client.selectPvd(pvd);
  await client.connect({ address, port });
  const data = new Uint8Array(ECHO_SIZE);
  for (let i = 0; i < count; i++) {
    await client.send(data);
    await client.recv();
  }
}

const dgram: DatagramWay = {
  async receive(count) {
    const receiver = createSocket("udp4", (message) => {
      if (message.length === SIZE) count();
    });
    receiver.bind(0, hostname);
    await once(receiver, "listening");
    return { port: receiver.address().port, close: () => receiver.close() };
  },
  async send(port, count) {
    const sender = createSocket("udp4");
    const data = new Uint8Array(SIZE);
    await new Promise<void>((resolve, reject) => {
      let left = count;
      const next = (error?: Error | null) => {
        if (error) reject(error);
        else if (left-- > 0) sender.send(data, port, hostname, next);
        else resolve();
      };
      next();
    });
    sender.close();
  },
  async echo(port, count) {
    const client = createSocket("udp4");
    client.connect(port, hostname);
    await once(client, "connect");
    const data = new Uint8Array(ECHO_SIZE);
    await new Promise<void>((resolve) => {
      let left = count;
      client.on("message", () => --left > 0 ? client.send(data) : resolve());
      client.send(data);
    });
    client.close();
  },
};

const listenDatagram: DatagramWay = {
  receive(count) {
    const receiver = Deno.listenDatagram({ transport: "udp", port: 0, hostname });
    (async () => {
      for await (const [data] of receiver) if (data.length === SIZE) count();
    })();
    const { port } = receiver.addr as Deno.NetAddr;
    return Promise.resolve({ port, close: () => receiver.close() });
  },
  async send(port, count) {
    const sender = Deno.listenDatagram({ transport: "udp", port: 0, hostname });
    const data = new Uint8Array(SIZE);
    const to: Deno.NetAddr = { transport: "udp", hostname, port };
    for (let i = 0; i < count; i++) await sender.send(data, to);
    sender.close();
  },
  async echo(port, count) {
    const client = Deno.listenDatagram({ transport: "udp", port: 0, hostname });
    const data = new Uint8Array(ECHO_SIZE);
    const room = new Uint8Array(2048);
    const to: Deno.NetAddr = { transport: "udp", hostname, port };
    for (let i = 0; i < count; i++) {
      await client.send(data, to);
      await client.receive(room);
    }
    client.close();
  },
};

/** What is used of Bun, whose types are not there for programs that run in Deno too. */
interface BunSocket {
  port: number;
  send(data: Uint8Array, port?: number, hostname?: string): boolean;
  close(): void;
}

type BunData = (socket: BunSocket, data: Uint8Array) => void;

function bunSocket(data: BunData, port?: number): Promise<BunSocket> {
  const { Bun } = globalThis as unknown as {
    Bun: { udpSocket(options: object): Promise<BunSocket> };
  };
  return Bun.udpSocket({
    hostname,
    socket: { data },
    ...(port === undefined ? {} : { connect: { hostname, port } }),
  });
}

const udpSocket: DatagramWay = {
  async receive(count) {
    const receiver = await bunSocket((_, data) => {
      if (data.length === SIZE) count();
    });
    return { port: receiver.port, close: () => receiver.close() };
  },
  async send(port, count) {
    const sender = await bunSocket(() => {});
    const data = new Uint8Array(SIZE);
    for (let i = 0; i < count; i++) {
      // False is "later", for which a program waits for its drain(); here the queue is never full for long.
      while (!sender.send(data, port, hostname)) await new Promise(setImmediate);
    }
    sender.close();
  },
  async echo(port, count) {
    const data = new Uint8Array(ECHO_SIZE);
    let left = count;
    let done = () => {};
    const all = new Promise<void>((resolve) => done = resolve);
    const client = await bunSocket((socket) => --left > 0 ? socket.send(data) : done(), port);
    client.send(data);
    await all;
    client.close();
  },
};

/** By the name the report gives them. */
export const DATAGRAM_WAYS: Record<string, DatagramWay> = {
  "Socket": ours,
  "node:dgram": dgram,
  "Deno.listenDatagram": listenDatagram,
  "Bun.udpSocket": udpSocket,
};
