/**
 * One attachment to a link: from the moment its carrier came until it goes.
 *
 * @module
 */

import { changeNumber } from "../netlink/current.ts";
import { hostFiles, UnreadableError } from "../sources/host_files.ts";
import type { PvdInfo } from "./pvd.ts";

const files = hostFiles();
/** The size that every file of sysfs says it has. */
const SYSFS_FILE_BYTES = 4096;

/** What was read since the kernel's tables changed last: a carrier that goes is such a change. */
const known = new Map<number, string>();
let knownAt = -1;

/**
 * A text that is another one after each loss of the link's carrier: what was learnt of a network before may be of
 * another network. Where sysfs cannot be read it is the interface's index alone.
 */
export function attachmentOf({ name, index }: PvdInfo["interface"]): string {
  const number = changeNumber();
  if (number !== knownAt) known.clear();
  knownAt = number;
  let attachment = known.get(index);
  if (attachment === undefined) known.set(index, attachment = readAttachment(name, index));
  return attachment;
}

function readAttachment(name: string, index: number): string {
  const place = `/sys/class/net/${name}`;
  // A sysfs mounted in another network namespace has names of its own.
  if (read(`${place}/ifindex`) !== String(index)) return String(index);
  return `${index} ${read(`${place}/carrier_down_count`) ?? ""}`;
}

function read(path: string): string | null {
  try {
    return files.read(path, SYSFS_FILE_BYTES)?.trim() ?? null;
  } catch (error) {
    if (error instanceof UnreadableError) return null;
    throw error;
  }
}
