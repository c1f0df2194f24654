/**
 * What this machine offers the library: each thing by itself, so that one that is refused hides no other.
 *
 * @module
 */

import process from "node:process";
import { release } from "node:os";
import { load, MifError, showRoutes, type WaitStrategy } from "../mod.ts";
import { native } from "../ffi/library.ts";
import { EBADF, errnoName } from "../lib/errno.ts";
import { listening } from "../lib/pvd/advertised.ts";
import { kernelHasMobileIpv6 } from "../lib/mobility/kernel_support.ts";
import { readHost } from "../lib/pvd/host.ts";
import { Reactor, reactor } from "../lib/socket/reactor.ts";
import { type Level, readPrivileges, whyNoPrograms } from "./capabilities.ts";

/** What `mif doctor --json` prints. */
export interface Diagnosis {
  /** The native library's file; null where it cannot be opened. */
  library: string | null;
  runtime: string;
  /** The release of Linux; null where it may not be known. */
  kernel: string | null;
  /** The most the library may do here. */
  level: Level;
  /** Whether a seccomp filter decides about this process' system calls; null where it cannot be known. */
  filtered: boolean | null;
  /** How sockets wait; null where they cannot. */
  waiting: WaitStrategy | null;
  /** The errno with which io_uring is refused, null where it is not. */
  ioUringRefused: string | null;
  /** The links of the kernel; null where it does not tell. */
  links: number | null;
  /** Routing rules beside the kernel's own three; null where the kernel does not tell. */
  rules: number | null;
  /** Routing tables of ours (`mif route install`), and those of them that have lost their router. */
  routing: { tables: number; closed: number } | null;
  /** Whether options of Router Advertisements are heard. */
  advertisements: boolean;
  /** The `mif` daemon, and what is known by it; `used` false where it is not there, or a warning says why it is not used. */
  daemon: { used: boolean; pid: number | null; pvds: number };
  /** Why `mif exec` cannot work here; null where nothing is known against it. */
  programsRefused: string | null;
  /** Whether the kernel has Mobile IPv6; null where it has no IPv6, or cannot be asked. */
  mobileIpv6: boolean | null;
  /** Kinds of kernel tables that did not hold still while they were read. */
  unsettled: string[];
  sources: { source: string; found: boolean; statements: number }[];
  warnings: { source: string; path: string; message: string }[];
  /** What the package cannot do without and is missing, with what to do about it. */
  problems: string[];
}

const KERNEL_RULE_PRIORITIES = [0, 32766, 32767];

/** Looks at everything once. */
export function diagnose(): Diagnosis {
  const problems: string[] = [];
  const attempt = <T>(what: () => T): T | null => attempted(what, problems);
  const privileges = readPrivileges();
  const library = attempt(load);
  // Without the library all that follows would fail with the same words.
  const host = library === null ? null : attempt(readHost);
  const waiting = library === null ? null : attempt(() => reactor().strategy);
  const { versions } = process;
  return {
    library,
    runtime: versions.bun ? `Bun ${versions.bun}` : `Deno ${versions.deno}`,
    kernel: kernelRelease(),
    level: privileges.level,
    filtered: privileges.filtered,
    waiting,
    ioUringRefused: waiting === "thread" ? ioUringRefusal() : null,
    links: host?.kernel.links.length ?? null,
    rules: host?.kernel.rules.filter(({ priority }) => !KERNEL_RULE_PRIORITIES.includes(priority))
      .length ?? null,
    routing: host === null ? null : attempt(routing),
    advertisements: listening() === true,
    daemon: {
      used: host !== null && host.daemon.state !== null,
      pid: host?.daemon.state?.pid ?? null,
      pvds: host?.daemon.state?.words.headers.length ?? 0,
    },
    programsRefused: library === null ? null : whyNoPrograms(privileges) ?? descriptorsRefused(),
    mobileIpv6: library === null ? null : mobileIpv6(),
    unsettled: host?.kernel.unsettled ?? [],
    sources: host?.sources.map(({ source, found, resolvers, prefixes }) => ({
      source,
      found,
      statements: resolvers.length + prefixes.length,
    })) ?? [],
    warnings: host === null
      ? []
      : [host.daemon.report, ...host.sources].flatMap(({ warnings }) => warnings),
    problems,
  };
}

function attempted<T>(what: () => T, problems: string[]): T | null {
  try {
    return what();
  } catch (error) {
    if (!(error instanceof MifError)) throw error;
    problems.push(error.message);
    return null;
  }
}

function routing(): { tables: number; closed: number } {
  const tables = showRoutes();
  return { tables: tables.length, closed: tables.filter(({ open }) => !open).length };
}

function ioUringRefusal(): string | null {
  try {
    new Reactor("io_uring");
    return null;
  } catch (error) {
    return (error as MifError).code;
  }
}

/** `mif exec` takes duplicates of its program's sockets, which filters of containers refuse; asked with what is no descriptor. */
function descriptorsRefused(): string | null {
  const errno = -native().mif_pidfd_getfd(process.pid, -1);
  return errno === EBADF ? null : `pidfd_getfd(2) is refused (${errnoName(errno)})`;
}

/** No IPv6 and a filter that refuses sockets are told by other rows. */
function mobileIpv6(): boolean | null {
  try {
    return kernelHasMobileIpv6();
  } catch (error) {
    if (error instanceof MifError) return null;
    throw error;
  }
}

/** Deno wants --allow-sys=osRelease for it. */
function kernelRelease(): string | null {
  try {
    return release();
  } catch {
    return null;
  }
}
