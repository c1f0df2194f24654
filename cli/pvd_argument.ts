/**
 * The PvD that a command line names.
 *
 * @module
 */

import { getpvdinfo, listPvds, MifError, type PvdInfo } from "../mod.ts";
import { UsageError } from "./usage.ts";

/**
 * The PvD behind `--pvd`: an ID, a handle, or the name of an interface that has one PvD.
 *
 * @throws {UsageError} The option is missing.
 * @throws {MifError} ENONET: there is no such PvD, or more than one; the message names those there are.
 */
export function pvdArgument(text: string | undefined, pvds: PvdInfo[] = listPvds()): PvdInfo {
  if (text === undefined || text === "") {
    throw new UsageError("--pvd is missing: an ID, a handle, or an interface with one PvD");
  }
  const name = text.toLowerCase().replace(/\.$/, "");
  const [byId, ...others] = [
    pvds.filter(({ id }) => id === text || id.toLowerCase() === name),
    pvds.filter(({ handle }) => String(handle) === text),
    pvds.filter(({ interface: link }) => link.name === text),
  ] as const;
  // A network chooses its own ID: one that is called like an interface is not taken for it.
  const isAnnounced = byId.some(({ kind }) => kind === "explicit");
  const found = isAnnounced
    ? [...new Set([...byId, ...others.flat()])]
    : [byId, ...others].find((some) => some.length > 0) ?? [];
  if (found.length === 1) return found[0]!;
  // One ID may be announced by several routers, or on several links.
  const isOneId = new Set(found.map(({ id }) => id)).size === 1;
  const [why, list] = found.length === 0
    ? [`there is no PvD ${JSON.stringify(text)}; there are`, pvds]
    : isOneId
    ? [`${JSON.stringify(text)} is more than one PvD; give the handle of one of`, found]
    : [`${JSON.stringify(text)} is more than one PvD; give the ID or handle of one of`, found];
  const names = list.map((pvd) => nameOf(pvd, isOneId)).join(", ");
  throw new MifError(`Cannot choose the PvD: ${why} ${names || "none"}`, {
    code: "ENONET",
    errno: 64,
    syscall: "listPvds",
  });
}

function nameOf({ id, handle, router, interface: link }: PvdInfo, withOrigin: boolean): string {
  if (!withOrigin) return `${id} (${handle})`;
  return `${id} (${handle}, ${router === null ? link.name : `${router}%${link.name}`})`;
}

/**
 * The PvD of a command that needs one. What only the routers say (RFC 8106, RFC 8801) is known after asking them.
 *
 * @throws What {@linkcode pvdArgument} throws.
 */
export async function requiredPvd(name: string | undefined, solicit: boolean): Promise<PvdInfo> {
  const asks = solicit && name !== undefined && name !== "";
  return pvdArgument(name, asks ? await getpvdinfo("localhost", null, { solicit }) : undefined);
}

/** The PvD of a command that needs none; null where none is named. */
export async function namedPvd(
  name: string | undefined,
  solicit: boolean,
): Promise<PvdInfo | null> {
  if (name !== undefined) return await requiredPvd(name, solicit);
  if (solicit) throw new UsageError("--solicit is for the PvD that --pvd names");
  return null;
}
