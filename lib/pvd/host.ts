/**
 * Reads this host once: the kernel, what routers announced, and the files of its network managers.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { connectUnix } from "../dbus/unix_channel.ts";
import { MifError } from "../error.ts";
import { lookupRoute, type RouteAnswer } from "../netlink/route_lookup.ts";
import { interfaceName } from "../netlink/records.ts";
import { type KernelSnapshot, readSnapshot } from "../netlink/snapshot.ts";
import { hostFiles } from "../sources/host_files.ts";
import { readSources } from "../sources/mod.ts";
import { knownAdditionalInfo } from "./additional_info_memory.ts";
import { advertised, isAttached, keepLinks } from "./advertised.ts";
import { daemonAdditionalInfo, type DaemonReading, readDaemon } from "./daemon_file.ts";
import type { HostFacts } from "./group.ts";

const files = hostFiles();

/** The facts, and what only those need who look again. */
interface ReadFacts extends HostFacts {
  kernel: KernelSnapshot;
  daemon: DaemonReading;
  advertised: ReturnType<typeof advertised>;
}

/** The facts {@linkcode groupPvds} works on, as of now. */
export function readHost(): ReadFacts {
  native();
  // Before the kernel's tables: what an advertisement changes after this shows in them too.
  const daemon = readDaemon();
  const heard = advertised(daemon.state?.words);
  const kernel = readSnapshot();
  const attached = new Set(kernel.links.filter(isAttached).map(({ index }) => index));
  keepLinks((index) => attached.has(index));
  const links = kernel.links.map((link) => ({
    index: link.index,
    name: interfaceName(link.name),
  }));
  return {
    kernel,
    daemon,
    advertised: heard,
    sources: readSources({ files, connectUnix, links }),
    route: routeOrNull,
    additionalInfo: (pvd) =>
      knownAdditionalInfo(pvd) ?? (daemon.state && daemonAdditionalInfo(daemon.state, pvd)),
  };
}

function routeOrNull(destination: Uint8Array): RouteAnswer | null {
  try {
    return lookupRoute({ destination });
  } catch (error) {
    if (error instanceof MifError) return null;
    throw error;
  }
}
