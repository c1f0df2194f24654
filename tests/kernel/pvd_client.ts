/**
 * Runs in the host: asks for additional information and captive portals, and writes what came of it as JSON. Argument: a
 * PvdClientRequest as JSON.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { AdditionalInfoKeeper } from "../../lib/additional_info/keeper.ts";
import { requestAdditionalInfo } from "../../lib/additional_info/fetch_additional_info.ts";
import {
  connect,
  fetchAdditionalInfo,
  getpvdinfo,
  installRoutes,
  listPvds,
  type MifError,
  type PvdInfo,
  validate,
} from "../../mod.ts";
import type { ListReport, PvdClientRequest } from "./pvd_site.ts";

const { task, ca, timeoutMs }: PvdClientRequest = JSON.parse(process.argv[2]!);

const isExplicit = ({ kind }: PvdInfo) => kind === "explicit";
const failureText = (error: MifError) => `${error.code} ${error.message}`;

async function list(): Promise<ListReport> {
  const failures: Record<string, string> = {};
  await getpvdinfo("localhost", null, { solicit: true });
  const startMs = performance.now();
  const pvds = await getpvdinfo("localhost", null, {
    additionalInfo: {
      ca,
      timeoutMs,
      onFailure: ({ id }, error) => failures[id] = failureText(error),
    },
  });
  const durationMs = performance.now() - startMs;
  return {
    pvds: pvds.filter(isExplicit).map((
      { id, router, interface: link, sequence, additionalInfo },
    ) => ({
      id,
      router,
      interface: link,
      sequence,
      additionalInfo,
    })),
    failures,
    durationMs,
  };
}

/** What a second call says of the same PvDs, by ID. */
async function again(): Promise<[ListReport, Record<string, string>]> {
  const first = await list();
  const explicit = listPvds().filter(isExplicit);
  const second = await Promise.all(explicit.map(async (pvd) => {
    try {
      return [pvd.id, JSON.stringify(await fetchAdditionalInfo(pvd, { ca, timeoutMs }))];
    } catch (error) {
      return [pvd.id, failureText(error as MifError)];
    }
  }));
  return [first, Object.fromEntries(second)];
}

/** Until it is told to end: a line for each change of what a listing shows. */
async function keep(): Promise<void> {
  const ended = new AbortController();
  process.stdin.on("data", () => ended.abort());
  process.stdin.on("end", () => ended.abort());
  const startMs = performance.now();
  let asked = 0;
  let shown = "";
  const show = () => {
    const now = listPvds().filter(isExplicit).map(({ id, sequence, additionalInfo }) =>
      `${id} ${sequence} ${additionalInfo ? JSON.stringify(additionalInfo["vendor-lab"]) : "none"}`
    ).join("; ");
    if (now === shown) return;
    shown = now;
    console.log(JSON.stringify({ ms: performance.now() - startMs, asked, shown }));
  };
  using keeper = new AdditionalInfoKeeper({
    request: (pvd, signal) => {
      asked++;
      return requestAdditionalInfo(pvd, { signal, ca });
    },
    onChange: show,
  });
  while (!ended.signal.aborted) {
    await getpvdinfo("localhost", null, { solicit: true });
    keeper.update(listPvds());
    show();
    await sleep(100);
  }
}

/** Asks while an address of the link is being looked for among the neighbours'; says which addresses are then. */
async function settle(): Promise<{ before: boolean; after: boolean }> {
  await getpvdinfo("localhost", null, { solicit: true });
  const ip = (...args: string[]) => spawnSync("ip", args, { encoding: "utf8" }).stdout;
  ip("addr", "add", "2001:db8:1::77/64", "dev", "h0");
  const isTentative = () => /\btentative\b/.test(ip("-6", "addr", "show", "dev", "h0"));
  const before = isTentative();
  await fetchAdditionalInfo(listPvds().find(isExplicit)!, { ca });
  return { before, after: isTentative() };
}

/** What asking fails with: first, then once more, and when the link was down in between. */
async function reattach(): Promise<string[]> {
  const failure = async () => {
    while (true) {
      const pvds = await getpvdinfo("localhost", null, { solicit: true });
      const pvd = pvds.find((pvd) => isExplicit(pvd) && pvd.ai_addr !== null);
      if (!pvd) await sleep(100);
      else return await fetchAdditionalInfo(pvd, { ca }).then(() => "", failureText);
    }
  };
  const failures = [await failure(), await failure()];
  for (const state of ["down", "up"]) spawnSync("ip", ["link", "set", "h0", state]);
  return [...failures, await failure()];
}

/** Which PvD a connection to a name takes, and the peer, before and after the owners have spoken. */
async function any(): Promise<string[]> {
  await getpvdinfo("localhost", null, { solicit: true });
  const way = async () => {
    const options = { hostname: "www.corp.example", port: 443, pvd: "any" as const };
    await using connection = await connect(options);
    const found = await getpvdinfo("www.corp.example", null);
    return `${connection.pvd?.id} ${connection.socket.localAddress} ${found[0]!.id}`;
  };
  const before = await way();
  await getpvdinfo("localhost", null, { additionalInfo: { ca } });
  return [before, await way()];
}

async function validateAll(): Promise<Record<string, unknown>> {
  const pvds = await getpvdinfo("localhost", null, { solicit: true, additionalInfo: { ca } });
  const said = await Promise.all(pvds.map(async (pvd) => {
    const { error, ...validation } = await validate(pvd, { ca, timeoutMs });
    return [pvd.id, { ...validation, ...(error ? { error: error.code } : {}) }];
  }));
  return Object.fromEntries(said);
}

const TASKS: Record<PvdClientRequest["task"], () => Promise<unknown>> = {
  install: () => installRoutes({ solicit: true }),
  list,
  again,
  keep,
  settle,
  reattach,
  any,
  validate: validateAll,
};
const result = await TASKS[task]();
if (result !== undefined) console.log(JSON.stringify(result));
process.exit(0);
