/**
 * A correspondent node in a few lines: answers return routability, and tells of its bindings until it is ended.
 *
 * @module
 */

import { Correspondent, mobilitySocket } from "../../lib/mobility/mod.ts";

// A kernel without Mobile IPv6 drops Binding Updates with a home address option: they are heard from the wire.
using socket = mobilitySocket({ wire: true });
const correspondent = new Correspondent();
console.log("ready");
for await (const received of socket) {
  const answer = await correspondent.answer(received);
  if (answer) await socket.send(answer.message, answer.options);
  if (received.message?.type === "BU") console.log(JSON.stringify(correspondent.bindings));
}
