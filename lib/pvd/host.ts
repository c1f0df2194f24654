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
import { advertised } from "./advertised.ts";
import type { HostFacts } from "./group.ts";

const files = hostFiles();

/** The facts {@linkcode groupPvds} works on, as of now. */
export function readHost(): HostFacts & { kernel: KernelSnapshot } {
  native();
  // Before the kernel's tables: what an advertisement changes after this shows in them too.
  const heard = advertised();
  const kernel = readSnapshot();
  const links = kernel.links.map((link) => ({
    index: link.index,
    name: interfaceName(link.name),
  }));
  return {
    kernel,
    advertised: heard,
    sources: readSources({ files, connectUnix, links }),
    route: routeOrNull,
    additionalInfo: knownAdditionalInfo,
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
