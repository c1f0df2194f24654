/**
 * What the programs of the tests of additional information and captive portals agree on.
 *
 * @module
 */

import type { Certificates } from "../connection/certificates.ts";
import type { PvdInfo } from "../../mod.ts";

/** Below it are the PvD IDs; the first label says how the server behaves (`BEHAVIOURS` in pvd_server.ts). */
export const ZONE = "pvd.example";
/** Another host, to which redirects lead. */
export const OTHER = `elsewhere.${ZONE}`;

/** Each certificate has an address of every router: what is wrong with it. */
export const CERTIFICATE_ADDRESSES = {
  good: "2001:db8:ffff::1",
  expired: "2001:db8:ffff::e1",
  misnamed: "2001:db8:ffff::e2",
  wildcard: "2001:db8:ffff::e3",
  untrusted: "2001:db8:ffff::e4",
  selfsigned: "2001:db8:ffff::e5",
};

/** Names whose servers show another certificate than the good one. */
export const BADLY_CERTIFIED = [
  "expired",
  "misnamed",
  "wildcard",
  "untrusted",
  "selfsigned",
] as const;

/** Nobody is there. */
export const DEAD_ADDRESS = "2001:db8:ffff::dead";

/** What the server on a router is told. */
export interface PvdServerRequest {
  /** The router's name. */
  name: string;
  /** What its objects cover. */
  prefix: string;
  certificates: Record<keyof typeof CERTIFICATE_ADDRESSES, Pick<Certificates, "cert" | "key">>;
}

/** What a program in the host is told. */
export interface PvdClientRequest {
  task: "install" | "list" | "again" | "keep" | "settle" | "reattach" | "any" | "validate";
  ca: string;
  /** Milliseconds for a request. */
  timeoutMs?: number;
}

/** What came of "list": the explicit PvDs, and why some have no additional information. */
export interface ListReport {
  pvds: Pick<PvdInfo, "id" | "router" | "interface" | "sequence" | "additionalInfo">[];
  /** By ID: the code and the message. */
  failures: Record<string, string>;
  durationMs: number;
}

/** What a server says of a request, in the object it answers with. */
export interface Seen {
  /** The server's own name. */
  server: string;
  /** The client's address. */
  source: string;
  /** The header fields as they came. */
  headers: string[];
}
