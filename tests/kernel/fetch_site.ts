/**
 * What the programs of the test of fetch agree on.
 *
 * @module
 */

/** Where the WebSocket servers are. */
export const WEB_SOCKET_PORT = 8080;

/** Each router has all of these, at the same names. */
export const FETCH_PORTS = {
  http: 80,
  https: 443,
  expired: 4431,
  selfSigned: 4432,
  misnamed: 4433,
  untrusted: 4434,
};

/** The certificates are for these two; both PvDs know them, at addresses of their own. */
export const WWW = "www.example";
export const OTHER = "other.example";
/** Has addresses where nobody is, and one where the server is. */
export const HALF_DEAD = "half-dead.example";

/** Only the second router knows it. */
export const ONLY_2 = "only-two.example";

/** A server's certificate and key for each port that speaks TLS. */
export type ServerCertificates = Record<string, { cert: string; key: string }>;

/** What the client in the host is told. */
export interface FetchRequest {
  /** PvDs: those of these interfaces that have these addresses. */
  pvds: { interface: string; address: string }[];
  ca: string;
  task: "everything" | "at once" | "large" | "web socket" | "in order";
}

/** An answer, with what the server saw. */
export interface FetchAnswer {
  /** The server's own name, its router's. */
  server: string;
  /** The client's address. */
  source: string;
  url: string;
}

/** What came of "everything". */
export interface FetchReport {
  answers: Record<string, FetchAnswer>;
  /** How many connections ten requests took, one after the other. */
  connections: { http: number; https: number };
  /** Codes behind what fetch() failed with. */
  errors: Record<string, string>;
}
