/**
 * Measures fetch through a PvD beside the runtimes' own, in turns, against a web server at the router beside the host.
 *
 * @module
 */

import { NETWORK_1, oneLink, type World } from "../../tests/lab/mod.ts";
import { makeCertificates } from "../../tests/connection/certificates.ts";
import type { Rounds } from "./rounds.ts";
import { Subject } from "./subject.ts";

/** One way to fetch, under one load. */
export interface FetchMeasured {
  /** "Deno" or "Bun". */
  by: string;
  /** "createFetch(pvd)" or "fetch". */
  way: string;
  scheme: "http" | "https";
  load: FetchLoad;
  /** Nanoseconds for one request, by round. */
  wall: number[];
  /** Nanoseconds of CPU for one, by round. */
  cpu: number[];
}

/** What is fetched: small bodies one after the other or at the same time, or one of 64 MiB. */
export type FetchLoad = keyof typeof LOADS;

/** How many at a time, how many make a turn, and what. */
const LOADS = {
  "one at a time": [1, 200, "/"],
  "16 at a time": [16, 640, "/"],
  "64 MiB": [1, 1, "/large"],
} as const;
const SCHEMES = ["http", "https"] as const;
const PORTS = { http: 8080, https: 8443 };
/** Rounds before those that count: the runtimes compile meanwhile. */
const WARM_UP_ROUNDS = 3;

/** Measures everything, each once a round. `commands`: by whom to command line of what measures; `server`: of the server. */
export async function measureFetches(
  world: World,
  commands: Record<string, string[]>,
  server: string[],
  rounds: Rounds,
  progress: (text: string) => void,
): Promise<FetchMeasured[]> {
  progress("building: a web server");
  const { host, r1 } = await oneLink(world);
  const { hostIpv4: address, routerIpv4: hostname } = NETWORK_1;
  const { ca, cert, key } = makeCertificates([`IP:${hostname}`]);
  const serving = r1.host.spawn([...server, JSON.stringify({ hostname, cert, key, ports: PORTS })]);
  await serving.waitForOutput(/serving/);
  const origins = Object.fromEntries(
    SCHEMES.map((scheme) => [scheme, `${scheme}://${hostname}:${PORTS[scheme]}`]),
  );
  const asked = JSON.stringify({ address, origins, ca });
  const subjects = new Map(
    Object.entries(commands).map(([by, argv]) => [by, new Subject(host, [...argv, asked])]),
  );
  const measured: FetchMeasured[] = [...subjects.keys()].flatMap((by) =>
    SCHEMES.flatMap((scheme) =>
      (Object.keys(LOADS) as FetchLoad[]).flatMap((load) =>
        // The two that are compared are neighbours.
        ["createFetch(pvd)", "fetch"].map((way) => (
          { by, way, scheme, load, wall: [], cpu: [] }
        ))
      )
    )
  );
  for (let round = -WARM_UP_ROUNDS; rounds.goOn(round); round++) {
    progress(round < 0 ? "warm-up" : `round ${round + 1} of ${rounds.wanted}`);
    for (let turn = 0; turn < measured.length; turn++) {
      const it = measured[(turn + (round + WARM_UP_ROUNDS) * 7) % measured.length]!;
      const [concurrency, count, path] = LOADS[it.load];
      const line = `${it.scheme} ${concurrency} ${count} ${path} ${it.way}`;
      const [wall = 0, cpu = 0] = (await subjects.get(it.by)!.ask(line)).split(" ").map(Number);
      if (round < 0) continue;
      it.wall.push(wall / count);
      it.cpu.push(cpu / count);
    }
  }
  return measured;
}
