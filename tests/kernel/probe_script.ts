/**
 * Runs inside a host of the lab: reads one request a line from standard input, writes one answer a line.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { groupPvds } from "../../lib/pvd/group.ts";
import { readHost } from "../../lib/pvd/host.ts";
import {
  getpvdinfo,
  type GetPvdInfoOptions,
  listPvds,
  type MifError,
  type PvdCriteria,
  type PvdInfo,
  query,
  rankPvds,
  setprocpvd,
} from "../../mod.ts";

/** What can be asked. */
export type ProbeRequest =
  | { call: "listPvds" }
  | { call: "countStatements"; times: number }
  | { call: "rankPvds"; requirements: PvdCriteria; preferences: PvdCriteria[] }
  | {
    call: "query";
    /** Name and type of each, all asked at the same time. */
    questions: [name: string, type: string][];
    /** Of the PvD that has this address, or had when it was first named; null is none. */
    address: string | null;
    /** The PvD that has it now. */
    again?: boolean;
    options?: { timeoutMs?: number; randomCase?: boolean };
  }
  | { call: "setprocpvd"; address: string | null }
  | {
    call: "getpvdinfo";
    nodename: string | null;
    servname: string | null;
    solicit?: boolean;
    /** After which the call is aborted. */
    timeoutMs?: number;
  };

/** What comes back. */
export type ProbeAnswer =
  | { value: unknown }
  | { error: { name: string; code: string; message: string } };

/** Many readings of the host in a few lines. */
export interface StatementCounts {
  /** Readings that did not say that the routes kept changing. */
  settled: number;
  /** In how many readings each address stood exactly once, and in how many settled ones each route. */
  counts: Record<string, number>;
}

function countStatements(times: number): StatementCounts {
  const counts: Record<string, number> = {};
  let settled = 0;
  for (let i = 0; i < times; i++) {
    const host = readHost();
    const isSettled = !host.kernel.unsettled.includes("routes");
    if (isSettled) settled++;
    const once = new Map<string, number>();
    for (const { pvd: { interface: { name }, addresses, routes } } of groupPvds(host)) {
      const statements = [
        ...addresses.map(({ address }) => `${name} ${address}`),
        ...(isSettled ? routes : []).map(({ destination, gateway }) => {
          return `${name} ${destination} via ${gateway}`;
        }),
      ];
      for (const statement of statements) once.set(statement, (once.get(statement) ?? 0) + 1);
    }
    for (const [statement, count] of once) {
      if (count === 1) counts[statement] = (counts[statement] ?? 0) + 1;
    }
  }
  return { settled, counts };
}

function options(
  { solicit, timeoutMs }: { solicit?: boolean; timeoutMs?: number },
): GetPvdInfoOptions {
  return {
    ...(solicit === undefined ? {} : { solicit }),
    ...(timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) }),
  };
}

const remembered = new Map<string, PvdInfo>();

/** The PvD that has an address, as it was first found. */
function pvdWith(address: string, again = false): PvdInfo {
  const has = (pvd: PvdInfo) => pvd.addresses.some((own) => own.address === address);
  const pvd = (again ? undefined : remembered.get(address)) ?? listPvds().find(has);
  if (!pvd) throw new Error(`No PvD has ${address}`);
  remembered.set(address, pvd);
  return pvd;
}

/** One answer for each question: bytes as lists of numbers, of errors the code and the message. */
async function queryAll(
  { questions, address, again, options }: ProbeRequest & { call: "query" },
): Promise<unknown> {
  const pvd = address === null ? null : pvdWith(address, again);
  return await Promise.all(
    questions.map(([name, type]) =>
      query(name, type, { ...options, pvd }).then(
        ({ pvd, ...answer }) => ({ ...answer, pvd: pvd?.id ?? null }),
        ({ code, message }: MifError) => ({ code, message }),
      )
    ),
  );
}

async function answer(request: ProbeRequest): Promise<ProbeAnswer> {
  try {
    switch (request.call) {
      case "listPvds":
        return { value: listPvds() };
      case "countStatements":
        return { value: countStatements(request.times) };
      case "rankPvds":
        return { value: rankPvds(request.requirements, request.preferences) };
      case "query":
        return { value: await queryAll(request) };
      case "setprocpvd":
        setprocpvd(request.address === null ? null : pvdWith(request.address));
        return { value: null };
      case "getpvdinfo":
        return { value: await getpvdinfo(request.nodename, request.servname, options(request)) };
    }
  } catch (error) {
    const { name, code, message } = error as MifError;
    return { error: { name, code, message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line));
  const text = JSON.stringify(reply, (_, it) => it instanceof Uint8Array ? [...it] : it);
  process.stdout.write(text + "\n");
}
