/**
 * `deno task screenshot`: draws docs/ui.png, the page of `mif ui` on a host with two routers on one link. Needs Chromium.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { SERVICE_IPV6, twoRouters, World } from "../tests/lab/mod.ts";
import { Chromium, chromiumSkip } from "../tests/ui/chromium.ts";
import { inLab } from "./in_lab.ts";

const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
const picture = new URL("../docs/ui.png", import.meta.url);

async function main(): Promise<void> {
  await using world = new World();
  const { host } = await twoRouters(world, { ipv4: false });
  const { status, stderr } = await host.runScript(cli, ["route", "install", "--solicit"]);
  if (status !== 0) throw new Error(stderr);
  const ui = host.spawnScript(cli, ["ui", "--solicit", "--json"]);
  const [line] = await ui.waitForOutput(/^\{.*\}$/m, 60_000);
  await using browser = new Chromium(host);
  const page = await browser.open(JSON.parse(line).url);
  await page.show(1100);
  await page.waitFor("the PvDs", `document.querySelectorAll(".pvd").length === 2`);
  await page.evaluate(`document.getElementById("to").focus()`);
  await page.type(SERVICE_IPV6);
  await page.press("Enter", "Enter", "\r");
  await page.waitFor("the answer", `document.querySelector("#wires .way")`);
  await page.evaluate(`document.querySelectorAll(".show")[2].click()`);
  // Without a caret that blinks, and without what lies below the picture.
  await page.evaluate(`document.activeElement.blur()`);
  const below = await page.evaluate<number>(
    `document.querySelector(".below").getBoundingClientRect().top + scrollY`,
  );
  writeFileSync(picture, await page.screenshot(Math.floor(below)));
}

const missing = chromiumSkip();
if (missing === false) {
  await inLab(import.meta.url, main);
} else {
  console.error(`The page cannot be drawn here: ${missing}.`);
  process.exitCode = 1;
}
