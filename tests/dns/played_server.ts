/**
 * Name servers of node:dgram and node:net that a test plays, on loopback.
 *
 * @module
 */

import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket as StreamSocket } from "node:net";
import type { ServerAddress } from "../../lib/dns/transport.ts";

/** Whatever a server may do with a query. */
export type DatagramPlay = (query: Uint8Array, peer: RemoteInfo, socket: DatagramSocket) => void;

/** A UDP server; `await using` closes it. */
export async function udpServer(
  play: DatagramPlay,
  address = "127.0.0.1",
): Promise<ServerAddress & AsyncDisposable> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (query, peer) => play(query, peer, socket));
  socket.bind(0, address);
  await once(socket, "listening");
  return {
    address,
    port: socket.address().port,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

/** A TCP server: `play` gets each connection, and each query that comes on it without its length. */
export async function tcpServer(
  play: (query: Uint8Array, connection: StreamSocket) => void,
  onConnection: (connection: StreamSocket) => void = () => {},
): Promise<ServerAddress & AsyncDisposable> {
  const connections = new Set<StreamSocket>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on("error", () => {});
    connection.on("close", () => connections.delete(connection));
    onConnection(connection);
    let bytes = new Uint8Array(0);
    connection.on("data", (chunk) => {
      bytes = Uint8Array.from([...bytes, ...chunk]);
      while (bytes.length >= 2) {
        const end = 2 + (bytes[0]! << 8 | bytes[1]!);
        if (bytes.length < end) return;
        play(bytes.slice(2, end), connection);
        bytes = bytes.slice(end);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

/** A message behind its length, as TCP has it. */
export function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.from([message.length >> 8, message.length & 0xff, ...message]);
}
