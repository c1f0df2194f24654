/**
 * `deno task pack [directory]`: what is published, and the npm package made of it.
 *
 * JSR takes the TypeScript as it is (`deno publish`). Node refuses TypeScript in packages, so npm gets the same modules
 * as JavaScript with declarations, file by file: `npm publish dist/npm`, or wherever `directory` says.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { bun, deno, developmentPackages, ROOT } from "./toolchain.ts";

/** The modules that users may import, by the name they import it by: `"."` to `"./mod.ts"`. */
export function exportedModules(): Record<string, string> {
  const { exports } = readJson("deno.json") as { exports: string | Record<string, string> };
  return typeof exports === "string" ? { ".": exports } : exports;
}

/** The files that `deno publish` would send, relative to the project's root. */
export function publishedFiles(): string[] {
  // The gate checks types; here they would only take time.
  const words = ["publish", "--dry-run", "--allow-dirty", "--no-check", "--allow-slow-types"];
  const listed = stripVTControlCharacters(run(deno(), words));
  return [...listed.matchAll(/^ +(file:\/\/\S+) \(/gm)]
    .map(([, url]) => relative(ROOT, fileURLToPath(url!)));
}

/** Makes the npm package in a directory, which is deleted first. */
export function packForNpm(directory: string): void {
  developmentPackages();
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const files = publishedFiles();
  // Who reads an example is to see it as it is.
  const isModule = (path: string) => path.endsWith(".ts") && !path.startsWith("examples/");
  compile(files.filter(isModule), directory);
  for (const path of files.filter((path) => !isModule(path) && path !== "deno.json")) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    cpSync(join(ROOT, path), join(directory, path));
  }
  const manifest = npmManifest();
  writeFileSync(join(directory, "package.json"), JSON.stringify(manifest, null, 2) + "\n");
  for (const path of Object.values(manifest.bin)) startWithBun(join(directory, path));
}

/** The compiler that Deno has inside, by its own name: it also writes declarations. */
function compile(files: string[], directory: string): void {
  const compiler = join(ROOT, "node_modules", "typescript", "lib", "tsc.js");
  const options = {
    // `using` is not in all runtimes that may import us.
    target: "es2024",
    lib: "esnext,dom,dom.iterable,dom.asynciterable",
    module: "nodenext",
    types: "bun-types",
    typeRoots: join(ROOT, "node_modules"),
    rootDir: ROOT,
    outDir: directory,
  };
  const flags = [
    ...["--declaration", "--rewriteRelativeImportExtensions", "--verbatimModuleSyntax"],
    // Both runtimes' types at once are more than it can take; the gate checks each.
    ...["--strict", "--noCheck", "--skipLibCheck", "--ignoreConfig"],
  ];
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  run(bun(), [compiler, ...flags, ...words, ...files]);
}

interface NpmManifest extends Record<string, unknown> {
  exports: Record<string, { types: string; default: string } | string>;
  bin: Record<string, string>;
}

/** Of package.json what concerns users, with the exports of deno.json. */
function npmManifest(): NpmManifest {
  const { private: _, devDependencies: __, ...manifest } = readJson("package.json");
  const compiled = (path: string, extension: string) => path.replace(/\.ts$/, extension);
  const entries = Object.entries(exportedModules()).map(([name, path]) =>
    [name, { types: compiled(path, ".d.ts"), default: compiled(path, ".js") }] as const
  );
  const bin = Object.entries(manifest.bin as Record<string, string>)
    .map(([name, path]) => [name, compiled(path, ".js")] as const);
  return {
    ...manifest,
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    bin: Object.fromEntries(bin),
  };
}

/** A command from npm is run by its first line, and who has it from there has Bun. */
function startWithBun(path: string): void {
  writeFileSync(path, readFileSync(path, "utf8").replace(/^#!.*/, "#!/usr/bin/env bun"));
  chmodSync(path, 0o755);
}

function readJson(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ROOT, name), "utf8"));
}

function run(program: string, words: string[]): string {
  const result = spawnSync(program, words, { cwd: ROOT, encoding: "utf8" });
  if (result.error) throw new Error(`Cannot run ${program}: ${result.error.message}`);
  const output = result.stdout + result.stderr;
  if (result.status !== 0) throw new Error(`${words[0]} ended with ${result.status}\n${output}`);
  return output;
}

if (import.meta.main) {
  const directory = resolve(process.argv[2] ?? join(ROOT, "dist", "npm"));
  packForNpm(directory);
  console.log(`The npm package is in ${directory}`);
}
