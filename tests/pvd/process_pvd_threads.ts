/**
 * Two threads that set the process' PvD in turn, and see what the other has set.
 *
 * @module
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { AF_INET, getprocpvd, type PvdInfo, setprocpvd, SOCK_DGRAM, socket } from "../../mod.ts";
import { GONE } from "./no_pvds.ts";

/** Sends from a socket that names no PvD, and returns the error's code. */
async function outcomeOfSending(): Promise<string> {
  using s = socket(AF_INET, SOCK_DGRAM);
  const to = { address: "192.0.2.1", port: 9 };
  return await s.sendmsg({ data: new Uint8Array(1), to }).then(() => "sent", ({ code }) => code);
}

/** Sets what it is told and answers with what was set; or sends. */
async function answer(message: "send" | PvdInfo | "none" | null): Promise<unknown> {
  if (message === "send") return await outcomeOfSending();
  const before = getprocpvd();
  setprocpvd(message);
  return before;
}

async function main(): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  const ask = async (message: Parameters<typeof answer>[0]) => {
    worker.postMessage(message);
    return (await once(worker, "message"))[0];
  };
  assert.equal(await ask(GONE), null);
  assert.deepEqual(getprocpvd(), GONE);
  assert.equal(await outcomeOfSending(), "ENONET");
  setprocpvd("none");
  assert.equal(await ask("send"), "ENETUNREACH");
  assert.equal(await ask(null), "none");
  assert.equal(getprocpvd(), null);
  setprocpvd(GONE);
  assert.equal(await ask("send"), "ENONET");
  assert.deepEqual(await ask("none"), GONE);
  await worker.terminate();
  assert.equal(await outcomeOfSending(), "ENETUNREACH");
}

if (isMainThread) await main();
else parentPort!.on("message", async (message) => parentPort!.postMessage(await answer(message)));
