/**
 * Asks several questions of the route oracle at once, each in a thread of its own and again and again, and tells what the
 * answers to each were. Argument: LookupQuestion[] as JSON.
 *
 * @module
 */

import { once } from "node:events";
import process from "node:process";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { MifError } from "../../lib/error.ts";
import { parseAddress } from "../../lib/ip/address.ts";
import { lookupRoute } from "../../lib/netlink/route_lookup.ts";

/** Numeric addresses. */
export interface LookupQuestion {
  destination: string;
  source?: string;
}

const COUNT = 30_000;

function answersTo({ destination, source }: LookupQuestion): string[] {
  const bytesOf = (text: string) => parseAddress(text)!.bytes;
  const question = {
    destination: bytesOf(destination),
    source: source === undefined ? undefined : bytesOf(source),
  };
  const answers = new Set<string>();
  for (let i = 0; i < COUNT; i++) {
    try {
      const { interface: index, type, gateway } = lookupRoute(question);
      answers.add(`interface ${index}, type ${type}, ${gateway ? "a router" : "no router"}`);
    } catch (error) {
      answers.add((error as MifError).code);
    }
  }
  return [...answers];
}

if (isMainThread) {
  const questions: LookupQuestion[] = JSON.parse(process.argv[2]!);
  const told = await Promise.all(questions.map(async (question) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: question });
    const [answers] = await once(worker, "message");
    await worker.terminate();
    return answers;
  }));
  console.log(JSON.stringify(told));
} else {
  parentPort!.postMessage(answersTo(workerData));
}
