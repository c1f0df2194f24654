/**
 * A TCP server that answers with bytes of the test's choice, and counts its connections.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What is done at each request whose head has come; `rest` is what came behind that, a byte a character. */
export type Script = (socket: Socket, head: string, rest: string) => unknown;

/** Listens on loopback until it is disposed of. */
export class RawServer implements AsyncDisposable {
  /** Connections since the beginning. */
  connections = 0;
  /** Heads of requests, in the order they came. */
  readonly heads: string[] = [];
  readonly #open = new Set<Socket>();
  readonly #server: Server;
  #script: Script;

  private constructor(script: Script) {
    this.#script = script;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** A server that does this at each request whose head is whole. */
  static async start(script: Script): Promise<RawServer> {
    const server = new RawServer(script);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /** From the next request on. */
  set script(script: Script) {
    this.#script = script;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open.size;
  }

  /** Connections that are open when no more than so many are, or after five seconds. */
  async openDownTo(count: number): Promise<number> {
    for (let tries = 0; this.open > count && tries < 500; tries++) await sleep(10);
    return this.open;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#open.delete(socket));
    let text = "";
    socket.on("data", (chunk) => {
      text += Buffer.from(chunk).toString("latin1");
      // Bodies are looked at by nobody: only requests without one come twice on a connection.
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = text.slice(0, end);
      text = text.slice(end + 4);
      this.heads.push(head);
      this.#script(socket, head, text);
    });
  }
}
