/**
 * A program in a host of the lab whose sockets do what a test says, and servers in its routers that answer with the
 * source they saw.
 *
 * @module
 */

import assert from "node:assert/strict";
import { AF_INET, AF_INET6 } from "../../lib/socket/options.ts";
import type { Host, LabProcess, PrivilegeOptions } from "../lab/mod.ts";
import type { SocketAnswer, SocketRequest } from "./socket_script.ts";

const script = new URL("./socket_script.ts", import.meta.url);

/** A request without what the probe adds. */
type Unnumbered<T> = T extends unknown ? Omit<T, "number"> : never;
/** A request of one socket. */
type Unbound<T> = T extends { socket: number } ? Omit<T, "number" | "socket"> : never;

/** One process in one host, in the runtime that runs this. It ends with the host's world. */
export class SocketProbe {
  #process: LabProcess;
  #next = 0;
  #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();

  /** Starts it. */
  constructor(host: Host, options: PrivilegeOptions = {}) {
    this.#process = host.spawnScript(script, [], {
      ...options,
      onLine: (line) => this.#settle(JSON.parse(line)),
    });
    this.#process.exited.finally(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error(this.#process.stderr));
    }).catch(() => {});
  }

  /** Asks; rejects with an error that has the `name`, `code` and `message` of the one thrown there. */
  ask<T>(request: Unnumbered<SocketRequest>): Promise<T> {
    const number = this.#next++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
    });
    this.#process.write(JSON.stringify({ ...request, number }) + "\n");
    return answer as Promise<T>;
  }

  /** Opens a socket there. */
  async open(family: number, type: number, protocol?: number): Promise<ProbeSocket> {
    return new ProbeSocket(this, await this.ask({ call: "open", family, type, protocol }));
  }

  /** Opens a socket there and puts it on the PvD that has this address. */
  async openOn(address: string, type: number, protocol?: number): Promise<ProbeSocket> {
    const opened = await this.open(address.includes(":") ? AF_INET6 : AF_INET, type, protocol);
    await opened.do({ call: "select", address });
    return opened;
  }

  #settle(answer: SocketAnswer): void {
    const { resolve, reject } = this.#waiting.get(answer.number)!;
    this.#waiting.delete(answer.number);
    if ("value" in answer) resolve(answer.value);
    else reject(Object.assign(new Error(answer.error.message), answer.error));
  }
}

/** A socket of a probe. */
export class ProbeSocket {
  /** For {@linkcode SocketProbe}. */
  constructor(readonly probe: SocketProbe, readonly number: number) {}

  /** Does something with it. */
  do<T = unknown>(request: Unbound<SocketRequest>): Promise<T> {
    return this.probe.ask<T>({ ...request, socket: this.number } as Unnumbered<SocketRequest>);
  }

  /** Sends a word and returns what the echo server says: the source it saw. */
  async echo(to?: { address: string; port: number }): Promise<string> {
    const answer = this.do<string>({ call: "recv" });
    answer.catch(() => {});
    await this.do({ call: "send", text: "who", to });
    return await answer;
  }

  /** Closes it. */
  close(): Promise<void> {
    return this.do({ call: "close" });
  }
}

/** Asserts that something fails with this code, and that nothing but an error of ours came of it. */
export async function refuses(code: string | RegExp, attempt: Promise<unknown>): Promise<void> {
  const outcome = await attempt.then((value) => ({ value }), (error) => error);
  assert.match(
    `${outcome.code ?? JSON.stringify(outcome.message ?? outcome)}`,
    typeof code === "string" ? new RegExp(`^${code}$`) : code,
    outcome.message,
  );
}

/** Port of {@linkcode echoServer}. */
export const ECHO_PORT = 7;

const echoProgram = String.raw`
import select, socket, sys
poll, kinds = select.poll(), {}
def serve(family, kind, address):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, 7))
    if kind == socket.SOCK_STREAM:
        s.listen(64)
    poll.register(s, select.POLLIN)
    kinds[s.fileno()] = (s, "listen" if kind == socket.SOCK_STREAM else "datagram")
for address in sys.argv[1:]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        serve(family, kind, address)
print("ready", flush=True)
while True:
    for fd, _ in poll.poll():
        s, kind = kinds[fd]
        try:
            if kind == "listen":
                connection, _ = s.accept()
                kinds[connection.fileno()] = (connection, "stream")
                poll.register(connection, select.POLLIN)
            elif kind == "datagram":
                _, peer = s.recvfrom(65536)
                s.sendto(peer[0].encode(), peer)
            else:
                data = s.recv(65536)
                if data:
                    s.send(s.getpeername()[0].encode())
                else:
                    raise OSError()
        except OSError:
            if kind == "stream":
                poll.unregister(fd)
                del kinds[fd]
                s.close()
`;

/** Answers on these addresses, by TCP and UDP at {@linkcode ECHO_PORT}, with the source address it sees. */
export async function echoServer(host: Host, addresses: readonly string[]): Promise<void> {
  const server = host.spawn(["python3", "-IS", "-c", echoProgram, ...addresses]);
  await server.waitForOutput(/ready/);
}
