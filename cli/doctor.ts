/**
 * `mif doctor`: what this machine offers the library, what is missing, and what could not be read.
 *
 * @module
 */

import process from "node:process";
import type { Level } from "./capabilities.ts";
import { diagnose, type Diagnosis } from "./diagnosis.ts";
import { readOptions } from "./usage.ts";

/** Prints a row for each thing, or with `--json` one object; 1 where something is missing that the package needs. */
export function doctor(words: string[]): number {
  const { json } = readOptions(words, { json: { type: "boolean" } });
  const diagnosis = diagnose();
  process.stdout.write(json ? JSON.stringify(diagnosis, null, 2) + "\n" : describe(diagnosis));
  return diagnosis.problems.length === 0 ? 0 : 1;
}

function describe(diagnosis: Diagnosis): string {
  const { library, runtime, kernel, level, filtered } = diagnosis;
  const rows = [
    ["library", library ?? "cannot be opened"],
    ["runtime", kernel === null ? runtime : `${runtime}, Linux ${kernel}`],
    ["privilege", LEVELS[level] + (filtered ? "; system calls pass a seccomp filter" : "")],
    // The rest is seen through it.
    ...(library === null ? [] : network(diagnosis)),
    ...diagnosis.unsettled.map((
      kind,
    ) => ["warning", `the kernel's ${kind} did not hold still while they were read`]),
    ...diagnosis.warnings.map((
      { source, path, message },
    ) => ["warning", `${source}: ${path}: ${message}`]),
    ...diagnosis.problems.map((problem) => ["problem", problem]),
  ];
  return rows.map(([name, value]) => `${name!.padEnd(10)} ${value}\n`).join("");
}

function network(diagnosis: Diagnosis): [string, string][] {
  const { kernel, links, rules } = diagnosis;
  return [
    ["waiting", waiting(diagnosis)],
    [
      "network",
      links === null
        ? "the kernel does not tell"
        : `${links} links, ${rules} routing rules beside the kernel's own`,
    ],
    ["routing", routing(diagnosis)],
    [
      "routers",
      diagnosis.advertisements
        ? "options of Router Advertisements are heard while a program runs" +
          withoutPrefixes(kernel)
        : "Router Advertisements are not heard: the kernel refused the socket",
    ],
    ["daemon", daemon(diagnosis)],
    ["programs", programs(diagnosis)],
    ["mobility", mobility(diagnosis)],
    ["DNS", links === null ? "not read: the links are not known" : nameService(diagnosis)],
  ];
}

const LEVELS: Record<Level, string> = {
  unprivileged: "unprivileged: implicit PvDs",
  CAP_NET_RAW: "CAP_NET_RAW: may also hear whole Router Advertisements, and explicit PvDs",
  CAP_NET_ADMIN: "CAP_NET_ADMIN: may also install routes",
};

function waiting({ waiting, ioUringRefused }: Diagnosis): string {
  switch (waiting) {
    case null:
      return "sockets cannot wait";
    case "io_uring":
      return "by io_uring";
    case "thread":
      return `by a thread: io_uring is refused (${ioUringRefused}), which is in order in containers`;
  }
}

function routing({ routing }: Diagnosis): string {
  if (routing === null) return "the kernel does not tell";
  const { tables, closed } = routing;
  if (tables === 0) return "no table of ours; `mif route install` makes one for each router";
  return `${tables} tables of ours` + (closed > 0 ? `, ${closed} of them closed: no router` : "");
}

/** Linux passes prefixes on since 6.6. */
function withoutPrefixes(kernel: string | null): string {
  const [major, minor] = (kernel ?? "").split(".").map(Number);
  const old = major! < 6 || (major === 6 && minor! < 6);
  return old ? ", but their prefixes only from Linux 6.6 on" : "";
}

function daemon({ daemon: { used, pid, pvds } }: Diagnosis): string {
  return used
    ? `process ${pid} hears routers for us; ${pvds} PvDs heard`
    : "no mif daemon that could be used";
}

function programs({ programsRefused }: Diagnosis): string {
  return programsRefused === null
    ? "nothing is known against `mif exec`"
    : `no \`mif exec\`: ${programsRefused}`;
}

/** What works with Mobile IPv6 in the kernel and without. */
function mobility({ mobileIpv6, level }: Diagnosis): string {
  if (mobileIpv6 === null) return "the kernel does not tell whether it has Mobile IPv6";
  const kernel = mobileIpv6
    ? "the kernel has Mobile IPv6: it checks mobility headers, sends type 2 routing headers, and exchanges addresses " +
      "where it has XFRM states for them"
    : "the kernel has no Mobile IPv6: what has a home address option or a type 2 routing header is heard only from the " +
      "wire (`mif mh dump`, `mobilitySocket({ wire: true })`), and no type 2 routing header is sent on a PvD";
  return level === "unprivileged"
    ? `${kernel}; messages are sent and heard with CAP_NET_RAW`
    : kernel;
}

function nameService({ sources }: Diagnosis): string {
  const found = sources.filter(({ found }) => found);
  if (found.length === 0) return "no source found";
  return found.map(({ source, statements }) => `${source} (${statements})`).join(", ");
}
