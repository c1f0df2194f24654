/**
 * What the programs of the bridges' tests agree on.
 *
 * @module
 */

/** Where a router's servers listen. */
export const BRIDGE_PORTS = { source: 7001, http: 7002, https: 7003, http2: 7004 };

/** Where the host's own servers listen, on a PvD. */
export const SERVE_PORTS = { listen: 8001, http: 8002, https: 8003 };

/** The name in the servers' certificate. */
export const SERVER_NAME = "service.example";

/** What the client in the host is told. */
export interface BridgesRequest {
  /** Where the PvD is: the one of this interface that has this address. */
  interface: string;
  address: string;
  /** The router's service. */
  hostname: string;
  /** An address for which the router says that it cannot be reached. */
  unreachable: string;
  /** An address from which nothing ever comes. */
  blackhole: string;
  ca: string;
}

/** What it found: addresses as the router's servers saw them, codes of errors. */
export interface BridgesReport {
  /** By each way, the source. */
  sources: Record<string, string>;
  /** How many connections ten requests took, one after the other. */
  keptAlive: { http: number; https: number };
  /** Whether 4 MiB came back as they went, and 50 requests at once. */
  whole: { http: boolean; https: boolean };
  errors: Record<string, string>;
  /** Descriptors before and after 1,000 connections. */
  descriptors: [number, number];
}
