/**
 * Imports what is exported as on another system, which its argument names, and prints what its calls say.
 *
 * @module
 */

import process from "node:process";
import { exportedModules } from "../../scripts/pack.ts";

Object.defineProperty(process, "platform", { value: process.argv[2] });
for (const [name, path] of Object.entries(exportedModules())) {
  if (name !== "./cli") await import(new URL(`../../${path}`, import.meta.url).href);
}
const mif: typeof import("../../mod.ts") = await import("../../mod.ts");

const pure: (() => unknown)[] = [
  () => mif.rankPvds({ family: 6 }, [], []).length === 0,
  () => mif.readIcmp6Filter(mif.icmp6Filter({ pass: [134] })).passes(134),
  () => new mif.MifError("no", { code: "EIO", syscall: "read" }).code === "EIO",
];
const native: (() => unknown)[] = [
  () => mif.load(),
  () => mif.listPvds(),
  () => mif.socket(mif.AF_INET6, mif.SOCK_DGRAM),
  () => mif.getpvdinfo("localhost", null),
  () => mif.getaddrinfo("www.example.com", "https", null, null),
  () => mif.query("example.com", "MX"),
  () => mif.connect({ hostname: "192.0.2.1", port: 80 }),
  () => mif.installRoutes(),
];

const said = new Set<string>();
for (const call of native) {
  try {
    await call();
    said.add(`${call} worked`);
  } catch (error) {
    const { name, code, message } = error as { name: string; code: string; message: string };
    said.add(`${name} ${code} ${message}`);
  }
}
console.log(JSON.stringify({ pure: pure.every((call) => call()), said: [...said] }));
