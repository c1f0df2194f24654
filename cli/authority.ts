/**
 * `--ca FILE`: an authority of one's own.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import type { NetworkInformationOptions } from "../mod.ts";
import { UsageError } from "./usage.ts";

/** The certificates of the file, PEM; undefined where none is named. */
export function authority(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`--ca: ${(error as Error).message}`);
  }
}

/** What `--additional-info` and the `--ca` that goes with it mean: how to ask, or false. */
export function additionalInfoOption(
  isAsked: boolean,
  ca: string | undefined,
): false | NetworkInformationOptions {
  if (ca !== undefined && !isAsked) throw new UsageError("--ca goes with --additional-info");
  return isAsked && { ca: authority(ca) };
}
