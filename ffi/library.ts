/**
 * Finds, opens and keeps the native library: once per process and thread, never closed.
 *
 * The order: the path given to {@linkcode load}; in a checkout `zig/zig-out/lib`, when it holds the very library
 * this version was published with; else the copy inside this package, written once to a private cache directory
 * under its hash.
 *
 * @module
 */

import { createHash, randomUUID } from "node:crypto";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";
import { MifError } from "../lib/error.ts";
import { isRefusal, notPermitted } from "../lib/permission.ts";
import { type Backend, pickBackend } from "./backend.ts";
import { binaries, type Binary } from "./binaries.gen.ts";
import { ABI_VERSION } from "./layout.gen.ts";
import { oncePerThread } from "./once.ts";
import type { Native } from "./symbols.ts";

/** What {@linkcode load} takes. */
export interface LoadOptions {
  /** Absolute path of the library to open: `--allow-ffi=<path>` is then all it needs. */
  path?: string;
}

let loaded: { native: Native; path: string } | null = null;

/**
 * Opens the native library now instead of at first use, from a path of your choice.
 *
 * @returns The path of the open library.
 * @throws {MifError} EALREADY when another path is open already; the loader's own errors, each naming the
 *   path, the permission and the way out.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { load } from "@mif/sockets";
 *
 * assert.match(load(), /\.so$/);
 * ```
 */
export function load(options: LoadOptions = {}): string {
  const { path } = options;
  if (path !== undefined && (typeof path !== "string" || !path.startsWith("/"))) {
    throw new TypeError(`Cannot load the library: path must be absolute, not ${String(path)}`);
  }
  if (loaded && path !== undefined && path !== loaded.path) {
    throw new MifError(
      `Cannot load ${path}: ${loaded.path} is open already; call load() before anything else`,
      { code: "EALREADY", errno: 114, syscall: "dlopen" },
    );
  }
  return (loaded ??= openForProgram(path)).path;
}

/** The native functions; opens the library at the first call. */
export function native(): Native {
  return (loaded ??= openForProgram(undefined)).native;
}

/** Opens the library; what it has open is closed when the program ends, for deno --watch starts the next one in its place. */
function openForProgram(path: string | undefined): { native: Native; path: string } {
  const opened = openFirst(path, host());
  oncePerThread("exit", () => process.on("exit", () => void opened.native.mif_thread_end()));
  return opened;
}

/** What the loader asks of its surroundings; tests give their own. */
export interface LoaderHost {
  platform: string;
  /** As Node names it: "x64", "arm64". */
  arch: string;
  backend(): Backend;
  /** Where this module lies. */
  moduleUrl: string;
  /** An environment variable, undefined where it is unset; throws where reading it is not permitted. */
  env(name: string): string | undefined;
  /** The user's number, for the check that a file is ours; null where asking is not permitted. */
  uid: number | null;
  binaries: Readonly<Record<string, Binary>>;
}

function host(): LoaderHost {
  return {
    platform: process.platform,
    arch: process.arch,
    backend: () => pickBackend(),
    moduleUrl: import.meta.url,
    env: (name) => process.env[name],
    uid: ownUid(),
    binaries,
  };
}

/** Deno wants --allow-sys for this; without it the directory's owner stands in for us. */
function ownUid(): number | null {
  try {
    return process.getuid?.() ?? null;
  } catch {
    return null;
  }
}

/** Opens by the order above; the first way that applies decides, and its failure is the caller's. */
export function openFirst(
  path: string | undefined,
  host: LoaderHost,
): { native: Native; path: string } {
  const backend = host.backend();
  if (path !== undefined) return open(path, backend);
  const cpu = cpuOf(host);
  const binary = host.binaries[cpu]!;
  const local = localBuild(cpu, binary, host.moduleUrl);
  return open(local ?? cached(cpu, binary, host), backend);
}

const CPUS: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

function cpuOf(host: LoaderHost): string {
  if (host.platform !== "linux") {
    throw new MifError(
      `Cannot open the native library: it is for Linux, and this is ${host.platform}`,
      { code: "ENOSYS", errno: 38, syscall: "dlopen" },
    );
  }
  const cpu = CPUS[host.arch];
  if (cpu === undefined || !(cpu in host.binaries)) {
    throw new MifError(
      `Cannot open the native library: there is none for the CPU ${host.arch}, only for ${
        Object.keys(host.binaries).join(" and ")
      }; build it with Zig and name it with load({ path })`,
      { code: "ENOEXEC", errno: 8, syscall: "dlopen" },
    );
  }
  return cpu;
}

function open(path: string, backend: Backend): { native: Native; path: string } {
  let opened: Native;
  try {
    opened = backend.open(path);
  } catch (cause) {
    if (isRefusal(cause)) {
      throw permission(`open ${path}`, `--allow-ffi=${path}`, cause);
    }
    throw new MifError(
      `Cannot open the native library ${path} in ${backend.runtime}: ${messageOf(cause)}; ` +
        "if the file system is mounted noexec or the file is not for this CPU, name another with load({ path })",
      { code: "ELIBACC", errno: 79, syscall: "dlopen", cause },
    );
  }
  const version = opened.mif_abi_version();
  if (version !== ABI_VERSION) {
    throw new MifError(
      `Cannot use the native library ${path}: its version is ${version} and this package needs ${ABI_VERSION}; ` +
        "remove it, or name one of this version with load({ path })",
      { code: "ELIBBAD", errno: 80, syscall: "dlopen" },
    );
  }
  return { native: opened, path };
}

/** The library in a checkout's zig-out, when its bytes are those of this version: a stale build is passed over. */
function localBuild(cpu: string, binary: Binary, moduleUrl: string): string | null {
  if (!moduleUrl.startsWith("file:")) return null;
  const root = dirname(dirname(fileURLToPath(moduleUrl)));
  const path = join(root, "zig", "zig-out", "lib", `libmif-${cpu}.so`);
  try {
    return sha256(fs.readFileSync(path)) === binary.sha256 ? path : null;
  } catch {
    return null;
  }
}

/** The path of the cached copy, which is written first where it is not there or not what it should be. */
function cached(cpu: string, binary: Binary, host: LoaderHost): string {
  const directory = cacheDirectory(host);
  const path = join(directory, `libmif-${cpu}-${binary.sha256.slice(0, 32)}.so`);
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const status = fs.statSync(directory);
    if (status.uid !== (host.uid ?? status.uid) || (status.mode & 0o022) !== 0) {
      throw new MifError(
        `Cannot keep the native library in ${directory}: others may write there; ` +
          "make it yours with mode 0700, or name a library with load({ path })",
        { code: "EPERM", errno: 1, syscall: "open" },
      );
    }
    if (isWhole(path, binary, status.uid)) return path;
    const temporary = join(directory, `.${randomUUID()}`);
    try {
      fs.writeFileSync(temporary, unpack(cpu, binary), { mode: 0o500, flag: "wx" });
      // A rename is whole or not at all, and harmless when two processes do it at once.
      fs.renameSync(temporary, path);
    } catch (failure) {
      fs.rmSync(temporary, { force: true });
      throw failure;
    }
    return path;
  } catch (cause) {
    if (cause instanceof MifError) throw cause;
    if (isRefusal(cause)) {
      throw permission(
        `keep its native library in ${directory}`,
        `--allow-read=${directory} --allow-write=${directory} --allow-ffi=${directory}`,
        cause,
      );
    }
    throw new MifError(
      `Cannot keep the native library in ${directory}: ${messageOf(cause)}; ` +
        "set XDG_CACHE_HOME to a directory that can be written, or name a library with load({ path })",
      { code: codeOf(cause), errno: errnoOf(cause), syscall: "open", cause },
    );
  }
}

/** Whether the file is there, regular, the directory owner's, closed to others, and has the right bytes. */
function isWhole(path: string, binary: Binary, owner: number): boolean {
  const status = fs.lstatSync(path, { throwIfNoEntry: false });
  if (!status?.isFile() || status.size !== binary.size) return false;
  if (status.uid !== owner || (status.mode & 0o022) !== 0) return false;
  return sha256(fs.readFileSync(path)) === binary.sha256;
}

function unpack(cpu: string, binary: Binary): Uint8Array {
  const packed = Buffer.from(binary.deflated, "base64");
  const bytes = inflateRawSync(packed, { maxOutputLength: binary.size });
  if (sha256(bytes) !== binary.sha256) {
    throw new MifError(
      `Cannot unpack the native library for ${cpu}: its bytes are damaged; install the package again`,
      { code: "EBADMSG", errno: 74, syscall: "open" },
    );
  }
  return bytes;
}

/** $XDG_CACHE_HOME or ~/.cache, else $XDG_RUNTIME_DIR; ours below it. */
function cacheDirectory(host: LoaderHost): string {
  const candidates: [string, string][] = [["XDG_CACHE_HOME", ""], ["HOME", ".cache"], [
    "XDG_RUNTIME_DIR",
    "",
  ]];
  for (const [name, below] of candidates) {
    let value: string | undefined;
    try {
      value = host.env(name);
    } catch (cause) {
      throw permission(
        "find its cache directory",
        "--allow-env=XDG_CACHE_HOME,HOME,XDG_RUNTIME_DIR",
        cause,
      );
    }
    if (value?.startsWith("/") && !(name === "HOME" && value === "/")) {
      return join(value, below, "mif-sockets");
    }
  }
  throw new MifError(
    "Cannot keep the native library: none of XDG_CACHE_HOME, HOME, XDG_RUNTIME_DIR names a directory; " +
      "set one, or name a library with load({ path })",
    { code: "ENOENT", errno: 2, syscall: "open" },
  );
}

function permission(what: string, flags: string, cause: unknown): MifError {
  const otherwise = "or place the library yourself and name it with load({ path })";
  return notPermitted(what, `${flags}, ${otherwise}`, { syscall: "dlopen", cause });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

function codeOf(failure: unknown): string {
  return (failure as { code?: string }).code ?? "EIO";
}

function errnoOf(failure: unknown): number {
  return Math.abs((failure as { errno?: number }).errno ?? 5);
}
