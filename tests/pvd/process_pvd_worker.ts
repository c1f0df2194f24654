/**
 * A worker that says what PvD the process is on, sets another, and says how a socket of its own fares.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { AF_INET, getprocpvd, SOCK_DGRAM, socket } from "../../mod.ts";
import { setprocpvd } from "../../lib/pvd/process_pvd.ts";

parentPort!.on("message", async (next) => {
  const before = getprocpvd();
  if (next === "send") {
    using s = socket(AF_INET, SOCK_DGRAM);
    const outcome = await s.sendmsg({
      data: new Uint8Array(1),
      to: { address: "192.0.2.1", port: 9 },
    }).then(() => "sent", ({ code }) => code);
    parentPort!.postMessage(outcome);
    return;
  }
  setprocpvd(next);
  parentPort!.postMessage(before);
});
