/**
 * Agents that keep node:http and node:https on a PvD.
 *
 * @module
 */

import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import type { PvdInfo } from "../pvd/pvd.ts";
import { type ConnectOptions, openSocket } from "./connection.ts";

/**
 * An agent for http.request() and http.get() of node:http, whose connections are made through a PvD. It keeps them
 * alive and reuses them as any agent does; destroy() closes the idle ones. Hosts are numeric addresses.
 *
 * @param pvd Null: the system's way.
 * @param options What http.Agent takes.
 *
 * @example
 * ```ts ignore
 * import { get } from "node:http";
 * import { httpAgent, listPvds } from "@mif/sockets";
 *
 * const agent = httpAgent(listPvds()[0]!, { keepAlive: true });
 * get("http://192.0.2.1/", { agent }, (response) => response.pipe(process.stdout));
 * ```
 */
export function httpAgent(pvd: PvdInfo | null, options: AgentOptions = {}): HttpAgent {
  return new PvdHttpAgent(pvd, options);
}

/**
 * An agent for https.request() and https.get() of node:https, whose connections are made through a PvD. The
 * certificate must be for `servername` where the request gives it, else for the host.
 *
 * @param pvd Null: the system's way.
 * @param options What https.Agent takes.
 */
export function httpsAgent(pvd: PvdInfo | null, options: HttpsAgentOptions = {}): HttpsAgent {
  return new PvdHttpsAgent(pvd, options);
}

/** What an agent is given for a connection: the request's options over its own. */
type AgentRequest = ClientRequestArgs & ConnectionOptions;
type Created = (error: Error | null, stream: Duplex) => void;

class PvdHttpAgent extends HttpAgent {
  readonly #pvd: PvdInfo | null;

  constructor(pvd: PvdInfo | null, options: AgentOptions) {
    super(options);
    this.#pvd = pvd;
  }

  override createConnection(request: AgentRequest, created?: Created): undefined {
    create({ ...target(request), pvd: this.#pvd }, created!);
  }
}

class PvdHttpsAgent extends HttpsAgent {
  readonly #pvd: PvdInfo | null;

  constructor(pvd: PvdInfo | null, options: HttpsAgentOptions) {
    super(options);
    this.#pvd = pvd;
  }

  override createConnection(request: AgentRequest, created?: Created): undefined {
    // Of the request's options those of the connection itself are not TLS'.
    const { host: _host, port: _port, path: _path, servername, signal: _signal, ...rest } = request;
    const tls: ConnectionOptions = rest;
    // An empty one is Node's way to say that the host is no name.
    if (servername) tls.servername = servername;
    create({ ...target(request), pvd: this.#pvd, tls }, created!);
  }
}

function target(
  { host, port, signal }: AgentRequest,
): { hostname: string; port: number; signal?: AbortSignal } {
  const hostname = (host ?? "localhost").replace(/^\[(.*)\]$/, "$1");
  return { hostname, port: Number(port), signal };
}

async function create(options: ConnectOptions, created: Created): Promise<void> {
  let opened: Duplex;
  try {
    opened = (await openSocket(options, false)).setNoDelay(true);
  } catch (error) {
    // Node takes no stream beside an error; the type does not know.
    (created as (error: unknown) => void)(error);
    return;
  }
  created(null, opened);
}
