/**
 * Uses two copies of the package in one process, and a worker that uses one of them. Arguments: the mod.ts of each, and the
 * native library's file for the second, if it is to have one of its own. Prints what came of it.
 *
 * @module
 */

import { once } from "node:events";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

type Copy = typeof import("../../mod.ts");

async function datagram({ socket, AF_INET, SOCK_DGRAM }: Copy): Promise<number> {
  using s = socket(AF_INET, SOCK_DGRAM);
  s.bind({ address: "127.0.0.1" });
  const received = s.recv({ timeoutMs: 20_000 });
  await s.sendmsg({ data: new Uint8Array([7]), to: s.getsockname() });
  return (await received)[0]!;
}

async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    const { name, code } = error as { name: string; code?: string };
    return `${name} ${code}`;
  }
}

async function main(firstPath: string, secondPath: string, library?: string): Promise<void> {
  const first: Copy = await import(pathToFileURL(firstPath).href);
  const second: Copy = await import(pathToFileURL(secondPath).href);
  if (library) second.load({ path: library });
  const open = first.socket(first.AF_INET, first.SOCK_DGRAM);
  const { fd } = open;
  open.close();
  // The number of the one that is closed, in the other copy.
  const reused = second.socket(second.AF_INET, second.SOCK_DGRAM);
  open.close();
  first.setprocpvd("none");
  const told = {
    datagrams: await Promise.all([first, second, first, second].map(datagram)),
    sameLibrary: first.load() === second.load(),
    reused: [reused.fd === fd, await outcome(() => reused.getsockname().port)],
    default: second.getprocpvd(),
    foreignError: await outcome(() => second.socket(second.AF_INET, second.SOCK_DGRAM, 255)),
    worker: null as unknown,
  };
  const worker = new Worker(new URL(import.meta.url), { workerData: secondPath });
  [told.worker] = await once(worker, "message");
  await worker.terminate();
  told.datagrams.push(...await Promise.all([first, second].map(datagram)));
  console.log(JSON.stringify(told));
}

if (isMainThread) {
  const [first, second, library] = process.argv.slice(2);
  await main(first!, second!, library);
} else {
  const copy: Copy = await import(pathToFileURL(workerData).href);
  parentPort!.postMessage([await datagram(copy), copy.getprocpvd()]);
}
