/**
 * `--ca FILE`: an authority of one's own.
 *
 * @module
 */

import { readFileSync } from "node:fs";
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
