/**
 * Agents that keep node:http and node:https on a PvD.
 *
 * @module
 */

import {
  Agent as HttpAgent,
  type AgentOptions,
  type ClientRequest,
  type ClientRequestArgs,
} from "node:http";
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from "node:https";
import type { Socket as RuntimeSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { processPvd } from "../pvd/process_pvd.ts";
import { checkPvd, type PvdInfo } from "../pvd/pvd.ts";
import { openStream } from "./open_stream.ts";

/**
 * An agent for http.request() and http.get() of node:http, whose connections are made through a PvD. It keeps them
 * alive and reuses them as any agent does; destroy() closes the idle ones. Names are asked of the PvD's DNS servers.
 *
 * @param pvd Null: the process' default of now (setprocpvd()), for good; else the system's way.
 * @param options What http.Agent takes.
 * @throws {TypeError} It is no PvD. What a connection fails with is the request's "error" event: what
 *   {@linkcode connect} throws.
 *
 * @example
 * ```ts ignore
 * import { get } from "node:http";
 * import { httpAgent, listPvds } from "@mif/sockets";
 *
 * const agent = httpAgent(listPvds()[0]!, { keepAlive: true });
 * get("http://www.example.com/", { agent }, (response) => response.pipe(process.stdout));
 * ```
 */
export function httpAgent(pvd: PvdInfo | null, options: AgentOptions = {}): HttpAgent {
  return new PvdHttpAgent(pvd, options);
}

/**
 * An agent for https.request() and https.get() of node:https, whose connections are made through a PvD. The
 * certificate must be for `servername` where the request gives it, else for the host.
 *
 * @param pvd Null: the process' default of now (setprocpvd()), for good; else the system's way.
 * @param options What https.Agent takes.
 * @throws {TypeError} It is no PvD. What a connection fails with is the request's "error" event: what
 *   {@linkcode connect} throws, and the codes of Node and OpenSSL for TLS.
 *
 * @example
 * ```ts ignore
 * import { get } from "node:https";
 * import { httpsAgent, listPvds } from "@mif/sockets";
 *
 * const agent = httpsAgent(listPvds()[0]!, { keepAlive: true });
 * get("https://www.example.com/", { agent }, (response) => response.pipe(process.stdout));
 * ```
 */
export function httpsAgent(pvd: PvdInfo | null, options: HttpsAgentOptions = {}): HttpsAgent {
  return new PvdHttpsAgent(pvd, options);
}

/** What an agent is given for a connection: the request's options over its own. */
type AgentRequest = ClientRequestArgs & ConnectionOptions;
type Created = (error: Error | null, stream: Duplex) => void;

/** How a request comes to an agent: in no type, but in Node and in both runtimes. */
type AddRequest = (request: ClientRequest, options: AgentRequest) => void;
const addTo = (agent: typeof HttpAgent): AddRequest =>
  (agent.prototype as unknown as { addRequest: AddRequest }).addRequest;

class PvdHttpAgent extends HttpAgent {
  readonly #opener: Opener;

  constructor(pvd: PvdInfo | null, options: AgentOptions) {
    super(options);
    this.#opener = new Opener(this, pvd, addTo(HttpAgent));
  }

  addRequest(request: ClientRequest, options: AgentRequest): void {
    this.#opener.add(request, options);
  }

  override createConnection(options: AgentRequest, created?: Created): undefined {
    this.#opener.open(options, undefined, created!);
  }
}

class PvdHttpsAgent extends HttpsAgent {
  readonly #opener: Opener;

  constructor(pvd: PvdInfo | null, options: HttpsAgentOptions) {
    super(options);
    this.#opener = new Opener(this, pvd, addTo(HttpsAgent));
  }

  addRequest(request: ClientRequest, options: AgentRequest): void {
    this.#opener.add(request, options);
  }

  override createConnection(options: AgentRequest, created?: Created): undefined {
    // The connection is made already: where to is no matter of TLS.
    const { host: _host, port: _port, path: _path, servername, signal: _signal, ...rest } = options;
    const tls: ConnectionOptions = rest;
    // An empty one is Node's way to say that the host is no name.
    if (servername) tls.servername = servername;
    this.#opener.open(options, tls, created!);
  }
}

/** A request that has no connection yet. */
interface Waiting {
  request: ClientRequest;
  options: AgentRequest;
  /** Aborts when the request is destroyed. */
  signal: AbortSignal;
}

/** One host and port. */
interface Target {
  /** Connections, those included that are being opened. */
  open: number;
  waiting: Waiting[];
}

/**
 * Opens connections for an agent, no more than its maxSockets and maxTotalSockets.
 *
 * The runtimes' agents count a connection when it is there, for their own are there at once. Ours take a round trip, and
 * requests of one moment would open one each: so they wait here. And where a request is destroyed meanwhile, the
 * runtime has no socket to destroy: so the opening is ended.
 */
class Opener {
  readonly #agent: HttpAgent;
  readonly #pvd: PvdInfo | null;
  /** Kept, for connections wait in the agent to be used again: with another default they would be on the wrong one. */
  readonly #byDefault: PvdInfo | "none" | null;
  readonly #add: AddRequest;
  readonly #targets = new Map<string, Target>();
  readonly #keys = new WeakMap<object, string>();
  #total = 0;
  /** Of the request that is being given to the agent. */
  #signal: AbortSignal | undefined;

  constructor(agent: HttpAgent, pvd: PvdInfo | null, add: AddRequest) {
    this.#agent = agent;
    this.#pvd = pvd;
    if (pvd !== null) checkPvd(pvd);
    this.#byDefault = pvd ? null : processPvd();
    this.#add = add;
    agent.on("free", () => this.#start());
  }

  /** Gives a request to the agent when it may have a connection. */
  add(request: ClientRequest, options: AgentRequest): void {
    const stop = new AbortController();
    const entry = { request, options, signal: stop.signal };
    const { waiting } = this.#target(keyOf(options));
    const destroy = request.destroy;
    request.destroy = (error) => {
      destroy.call(request, error);
      stop.abort();
      const at = waiting.indexOf(entry);
      // The agent finds out that it was destroyed, and says so.
      if (at >= 0) this.#give(waiting.splice(at, 1)[0]!);
      return request;
    };
    waiting.push(entry);
    this.#start();
  }

  /** Opens a connection that the agent asks for. */
  async open(
    options: AgentRequest,
    tls: ConnectionOptions | undefined,
    created: Created,
  ): Promise<void> {
    const key = keyOf(options);
    const signal = this.#signal;
    this.#count(key, 1);
    let opened: RuntimeSocket;
    try {
      const { hostname, port } = targetOf(options);
      ({ socket: opened } = await openStream(
        { hostname, port, pvd: this.#pvd, tls, signal },
        false,
        this.#byDefault,
      ));
    } catch (error) {
      this.#count(key, -1);
      // Node takes no stream beside an error; the type does not know.
      (created as (error: unknown) => void)(error);
      return this.#start();
    }
    opened.setNoDelay(true);
    this.#keys.set(opened, key);
    opened.once("close", () => {
      this.#count(key, -1);
      this.#start();
    });
    created(null, opened);
  }

  #start(): void {
    for (const [key, { waiting }] of this.#targets) {
      while (waiting.length > 0 && this.#mayStart(key)) this.#give(waiting.shift()!);
    }
  }

  #give({ request, options, signal }: Waiting): void {
    this.#signal = signal;
    try {
      this.#add.call(this.#agent, request, options);
    } finally {
      this.#signal = undefined;
    }
  }

  #mayStart(key: string): boolean {
    if (this.#hasIdle(key)) return true;
    const { maxSockets, maxTotalSockets } = this.#agent;
    return this.#target(key).open < maxSockets && this.#total < maxTotalSockets;
  }

  #hasIdle(key: string): boolean {
    return Object.values(this.#agent.freeSockets).some((sockets) =>
      sockets!.some((idle) => !idle.destroyed && this.#keys.get(idle) === key)
    );
  }

  #target(key: string): Target {
    let target = this.#targets.get(key);
    if (!target) this.#targets.set(key, target = { open: 0, waiting: [] });
    return target;
  }

  #count(key: string, change: number): void {
    const target = this.#target(key);
    this.#total += change;
    target.open += change;
    if (target.open === 0 && target.waiting.length === 0) this.#targets.delete(key);
  }
}

function keyOf(options: AgentRequest): string {
  const { hostname, port } = targetOf(options);
  return `${hostname} ${port}`;
}

function targetOf({ host, port }: AgentRequest): { hostname: string; port: number } {
  return { hostname: (host ?? "localhost").replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}
