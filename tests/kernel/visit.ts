/**
 * A client that names no PvD.
 *
 * @module
 */

import { connect } from "../../mod.ts";
import type { SocketAddressInit } from "../../lib/socket/sockaddr.ts";

/** Connects, sends a word, and returns what the server answers. */
export async function visit({ address, port }: SocketAddressInit): Promise<string> {
  await using connection = await connect({ hostname: address, port: port!, timeoutMs: 5000 });
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode("who"));
  const reader = connection.readable.getReader();
  const { value } = await reader.read();
  connection.socket.destroy();
  return new TextDecoder().decode(value);
}
