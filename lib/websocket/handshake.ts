/**
 * The opening handshake of a WebSocket client (RFC 6455 4.1).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { MifError } from "../error.ts";
import { type HttpClient, originOf, type Upgraded } from "../http/http_client.ts";
import { type ResponseHead, valuesOf } from "../http/response_head.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** An open connection, and what was agreed on. */
export interface Opened extends Upgraded {
  /** The subprotocol, or an empty string. */
  protocol: string;
}

/**
 * Connects and agrees on WebSocket.
 *
 * @param url ws: or wss:.
 * @throws {MifError} EPROTO: the server does not; what connecting and TLS fail with.
 * @throws The signal's reason.
 */
export async function openWebSocket(
  client: HttpClient,
  url: URL,
  protocols: readonly string[],
  signal: AbortSignal,
): Promise<Opened> {
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64");
  const fields: [string, string][] = [
    ["host", url.host],
    ["connection", "Upgrade"],
    ["upgrade", "websocket"],
    ["sec-websocket-version", "13"],
    ["sec-websocket-key", key],
    ["user-agent", client.userAgent],
  ];
  if (protocols.length > 0) fields.push(["sec-websocket-protocol", protocols.join(", ")]);
  const target = `${url.pathname}${url.search}`;
  const answer = await client.upgrade(
    originOf(url),
    { method: "GET", target, fields, body: null },
    signal,
  );
  if (answer.socket === null) {
    throw refused(url, `it answered with status ${answer.head.status}`);
  }
  try {
    return { ...answer, protocol: agreedProtocol(url, answer.head, key, protocols) };
  } catch (error) {
    answer.socket.destroy();
    throw error;
  }
}

function agreedProtocol(
  url: URL,
  { fields }: ResponseHead,
  key: string,
  protocols: readonly string[],
): string {
  const lower = (name: string) => valuesOf(fields, name).map((value) => value.toLowerCase());
  const accept = createHash("sha1").update(key + GUID).digest("base64");
  const extensions = valuesOf(fields, "sec-websocket-extensions").filter((value) => value !== "");
  const chosen = valuesOf(fields, "sec-websocket-protocol");
  const why = lower("upgrade").join() !== "websocket" || !lower("connection").includes("upgrade")
    ? "it upgrades to something else"
    : valuesOf(fields, "sec-websocket-accept").join() !== accept
    ? "it did not understand the request"
    : extensions.length > 0
    ? `it uses an extension, ${extensions.join()}`
    : chosen.length > 1 || chosen.some((protocol) => !protocols.includes(protocol))
    ? `it chose a protocol that was not offered, ${chosen.join()}`
    : null;
  if (why !== null) throw refused(url, why);
  return chosen[0] ?? "";
}

function refused(url: URL, why: string): MifError {
  return new MifError(`${url.host} does not open a WebSocket: ${why}`, {
    code: "EPROTO",
    errno: 71,
    syscall: "websocket",
  });
}
