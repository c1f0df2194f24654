/**
 * Runs inside a host of the lab: asks our getaddrinfo() what the lines of standard input say, on the one PvD that is
 * named, and writes a line of JSON for each answer.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { type AddrInfo, getaddrinfo, listPvds, type MifError } from "../../mod.ts";

/** What to ask: hostname, service, hints. */
export type Question = [string | null, string | null, Partial<AddrInfo> | null];

const id = process.argv[2];
const pvd = id === undefined ? null : listPvds().find((pvd) => pvd.id === id);
if (pvd === undefined) throw new Error(`There is no PvD ${id}: ${listPvds().map(({ id }) => id)}`);

async function answer([hostname, service, hints]: Question): Promise<AddrInfo[] | string> {
  try {
    return await getaddrinfo(hostname, service, hints, pvd!);
  } catch (error) {
    const { code, message } = error as MifError;
    return code ?? message;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
}
