/**
 * The measuring script for Router Advertisements: runs in one of the two runtimes, and speaks as advertisements.c does.
 *
 * One line in, an operation, a message ("plain", "pvd") and how often ("parse-plain 50"); one line out, the nanoseconds
 * that each {@linkcode BATCH} messages took.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { parseAddress } from "../../lib/ip/address.ts";
import { parseRouterAdvertisement } from "../../lib/ndp/router_advertisement.ts";
import { AdvertisementMemory } from "../../lib/pvd/advertisement_memory.ts";

/** Messages that are one operation. */
const BATCH = 100;

const [, , directory = "."] = process.argv;
const arrival = { hopLimit: 255, source: parseAddress("fe80::1")!.bytes };
const memory = new AdvertisementMemory();
let nowMs = 0;

function parse(message: Uint8Array): void {
  if (parseRouterAdvertisement(message, arrival) === null) throw new Error("Not valid");
}

/** With what comes after it: what is said is remembered. */
function hear(message: Uint8Array): void {
  memory.hearAdvertisement(2, "fe80::1", parseRouterAdvertisement(message, arrival)!, nowMs++);
}

const OPERATIONS: Record<string, (message: Uint8Array) => void> = { parse, hear };
const messages = new Map<string, Uint8Array>();

function answer(line: string): string {
  const [, name = "", kind = "", count = ""] = /^(\w+)-(\w+) (\d+)$/.exec(line) ?? [];
  const operation = OPERATIONS[name];
  if (!operation) throw new Error(`Not an operation: ${line}`);
  let message = messages.get(kind);
  if (!message) messages.set(kind, message = new Uint8Array(readFileSync(`${directory}/${kind}`)));
  const times: bigint[] = [];
  for (let i = 0; i < Number(count); i++) {
    const start = process.hrtime.bigint();
    for (let n = 0; n < BATCH; n++) operation(message);
    times.push(process.hrtime.bigint() - start);
  }
  return times.join(" ");
}

createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(answer(line) + "\n");
});
