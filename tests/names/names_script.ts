/**
 * Runs inside a host of the lab: asks our getaddrinfo() or getnameinfo() what the lines of standard input say, on the one
 * PvD that is named, and writes a line of JSON for each answer.
 *
 *     names_script.ts getaddrinfo|getnameinfo [ID]
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import {
  type AddrInfo,
  getaddrinfo,
  getnameinfo,
  listPvds,
  type MifError,
  type PvdInfo,
} from "../../mod.ts";

/** What getaddrinfo() is asked: hostname, service, hints. */
export type AddressQuestion = [string | null, string | null, Partial<AddrInfo> | null];

/** What getnameinfo() is asked: address, port, scope, flags. */
export type NameQuestion = [string, number, number, number];

const CALLS: Record<string, (question: unknown, pvd: PvdInfo | null) => Promise<unknown>> = {
  getaddrinfo: (question, pvd) => getaddrinfo(...question as AddressQuestion, pvd),
  getnameinfo: (question, pvd) => {
    const [address, port, scopeId, flags] = question as NameQuestion;
    return getnameinfo({ address, port, scopeId }, pvd, flags);
  },
};

const [, , call = "", id] = process.argv;
const pvd = id === undefined ? null : listPvds().find((pvd) => pvd.id === id);
if (pvd === undefined) throw new Error(`There is no PvD ${id}: ${listPvds().map(({ id }) => id)}`);

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await CALLS[call]!(JSON.parse(line), pvd).catch(({ code, message }: MifError) =>
    code ?? message
  );
  process.stdout.write(JSON.stringify(answer) + "\n");
}
