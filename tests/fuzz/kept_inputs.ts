/**
 * Inputs on disk: those that reach what no other does, one line of base64 each in corpus/NAME.txt, and those that broke
 * something once, a file each in crashers/NAME/.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where this package has them. */
export const KEPT: string = fileURLToPath(new URL(".", import.meta.url));

/** The inputs that were kept for a target. */
export function keptInputs(name: string, directory = KEPT): Uint8Array[] {
  const path = corpusPath(name, directory);
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").split("\n").filter((line) => line !== "")
    .map((line) => new Uint8Array(Buffer.from(line, "base64")));
}

/** Keeps these inputs of a target and no others, the shortest first. */
export function keepInputs(name: string, inputs: readonly Uint8Array[], directory = KEPT): void {
  const lines = inputs.map((input) => Buffer.from(input).toString("base64"))
    .sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
  const path = corpusPath(name, directory);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
}

/** The crashers of a target, by the names of their files. */
export function crashers(name: string, directory = KEPT): Map<string, Uint8Array> {
  const path = join(directory, "crashers", name);
  const names = existsSync(path) ? readdirSync(path).sort() : [];
  return new Map(names.map((file) => [file, new Uint8Array(readFileSync(join(path, file)))]));
}

/** Keeps a crasher and returns its path: whoever mends the fault gives the file a name that says what it was. */
export function keepCrasher(name: string, input: Uint8Array, directory = KEPT): string {
  const digest = createHash("sha256").update(input).digest("hex").slice(0, 12);
  const path = join(directory, "crashers", name, `${digest}.bin`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, input);
  return path;
}

function corpusPath(name: string, directory: string): string {
  return join(directory, "corpus", `${name}.txt`);
}
