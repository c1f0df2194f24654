/**
 * Imports what is exported as on another system, which its argument names, and prints what its calls say.
 *
 * @module
 */

import process from "node:process";
import { exportedModules } from "../../scripts/pack.ts";
import { nativeCalls, outcome, pureCalls } from "./calls.ts";

Object.defineProperty(process, "platform", { value: process.argv[2] });
for (const [name, path] of Object.entries(exportedModules())) {
  if (name !== "./cli") await import(new URL(`../../${path}`, import.meta.url).href);
}
const mif: typeof import("../../mod.ts") = await import("../../mod.ts");

console.log(JSON.stringify(await outcome(pureCalls(mif), nativeCalls(mif))));
