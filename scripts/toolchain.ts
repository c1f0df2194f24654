/**
 * Finds, or fetches once, the pinned compiler and the runtimes.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The project's root. */
export const ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** Of the compiler that builds the native library. */
export const ZIG_VERSION = "0.16.0";
const BUN_VERSION = "1.4.5";

/** A program and what its environment needs beside the caller's. */
export interface Tool {
  path: string;
  env: Record<string, string>;
}

/** Zig 0.16.0: $ZIG, else `zig` in PATH, else the one pinned in zig/package.json, fetched when it is not there. */
export function zig(): Tool {
  for (const path of [process.env.ZIG, "zig"]) {
    if (path && versionOf(path, "version") === ZIG_VERSION) return { path, env: {} };
  }
  const modules = join(ROOT, "zig", "node_modules", "@zigc");
  const path = join(modules, "linux-x64", "bin", "zig");
  if (!existsSync(path)) install(join(ROOT, "zig"), "the Zig compiler");
  return { path, env: { ZIG_LIB_DIR: join(modules, "lib") } };
}

/** The Deno that runs this; else $DENO, for under npx it is in no PATH; else `deno` in PATH. */
export function deno(): string {
  return "deno" in process.versions ? process.execPath : process.env.DENO ?? "deno";
}

/** Bun 1.4.5: $BUN, else `bun` in PATH, else the one pinned in package.json. */
export function bun(): string {
  for (const path of [process.env.BUN, "bun"]) {
    if (path && versionOf(path, "--version") === BUN_VERSION) return path;
  }
  developmentPackages();
  return join(ROOT, "node_modules", "@oven", "bun-linux-x64", "bin", "bun");
}

/** Installs the development packages of package.json when they are not there. */
export function developmentPackages(): void {
  const wanted = ["@oven/bun-linux-x64", "bun-types", "fast-check", "typescript"];
  if (wanted.every((name) => existsSync(join(ROOT, "node_modules", name)))) return;
  install(ROOT, "Bun and the test libraries");
}

function install(directory: string, what: string): void {
  console.error(`Fetching ${what} (once, pinned by the lock file)`);
  const { status } = spawnSync(deno(), ["install", "--quiet"], {
    cwd: directory,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error(`Cannot fetch ${what}: deno install ended with ${status}`);
}

function versionOf(path: string, argument: string): string | null {
  const { status, stdout } = spawnSync(path, [argument], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}
