// `mif ui` of a host with two routers, in a browser: what it shows, that it follows, and that what networks say stays text.

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import {
  advertisementOf,
  labSkip,
  NETWORK_1,
  NETWORK_2,
  pvdOption,
  SERVICE_IPV6,
  twoRouters,
  World,
} from "../lab/mod.ts";
import { Chromium, chromiumSkip, type Page } from "./chromium.ts";

const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const lab = { skip: labSkip() || chromiumSkip(), timeout: 240_000 };

/** A name that the kernel allows an interface. */
const HOSTILE_LINK = `"><b>x&lt;'`;
/** A domain that a router announces: printable characters without a dot, which the library takes. */
const HOSTILE_DOMAIN = "<script>owned=1</script><img/src=x/onerror=owned=1>";
const HOSTILE_PORTAL = `javascript:owned=1//"><svg/onload=owned=1>`;

const PVD_1 = "pvd.one.example";
const PVD_2 = `${NETWORK_2.routerLinkLocal}%h0`;

/** To four routers on h0 and from them to three PvDs, two of which have name servers; and to one without a router. */
const WIRES = 4 + 4 + 3 + 2 + 1 + 1;

const quoted = JSON.stringify;
const shows = (selector: string, text: string) =>
  `[...document.querySelectorAll(${quoted(selector)})].some((it) => it.textContent.includes(${
    quoted(text)
  }))`;
const texts = (page: Page, selector: string) =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll(${quoted(selector)})].map((it) => it.textContent)`,
  );
/** In the card of one PvD, and in what stands behind it. */
const ofPvd = (id: string, selector: string) =>
  `[...document.querySelectorAll(".lane")].find((it) => it.querySelector("h3").textContent === ${
    quoted(id)
  })?.querySelector(${quoted(selector)})`;

test("the picture in a browser", lab, async (context) => {
  await using world = new World();
  const { host, r2 } = await twoRouters(world, {
    advertise1: {
      dnssl: [{ domains: [NETWORK_1.domain, HOSTILE_DOMAIN] }],
      captivePortal: HOSTILE_PORTAL,
      options: [pvdOption({ id: PVD_1, sequence: 7 })],
    },
  });
  host.ip("link", "add", "name", HOSTILE_LINK, "type", "veth", "peer", "name", "far");
  host.batch(["link set far up"]);
  host.ip("link", "set", HOSTILE_LINK, "up");
  host.ip("addr", "add", "192.0.2.66/24", "dev", HOSTILE_LINK);
  const ui = host.spawnScript(cli, ["ui", "--solicit", "--json"]);
  const [line] = await ui.waitForOutput(/^\{.*\}$/m, 60_000);
  const { url } = JSON.parse(line);
  await using browser = new Chromium(host);
  const page = await browser.open(url);

  await page.waitFor("the PvDs", `document.querySelectorAll(".pvd").length === 4`, 60_000);
  assert.deepEqual(
    (await texts(page, ".pvd h3")).sort(),
    ["h0", HOSTILE_LINK, PVD_1, PVD_2].sort(),
  );
  assert.deepEqual(
    (await texts(page, ".router h3")).sort(),
    [NETWORK_1, NETWORK_2].flatMap((it) => [it.routerLinkLocal, it.routerIpv4]).sort(),
  );
  for (const [id, network] of [[PVD_1, NETWORK_1], [PVD_2, NETWORK_2]] as const) {
    const leaves = await page.evaluate<string>(`${ofPvd(id, ".leaves")}.textContent`);
    for (const text of [network.hostAddress, network.routerAddress, network.domain]) {
      assert.ok(leaves.includes(text), `${text} in ${leaves}`);
    }
    const verdict = await page.evaluate<string>(`${ofPvd(id, ".verdicts")}.textContent`);
    assert.match(verdict, /IPv6 sockets are refused EPVDROUTE/);
  }
  assert.match(await page.evaluate(`${ofPvd(PVD_1, ".kicker")}.textContent`), /^Explicit PvD/);
  assert.match(await page.evaluate(`${ofPvd(PVD_2, ".kicker")}.textContent`), /^Implicit PvD/);
  assert.equal((await texts(page, ".badge")).filter((text) => text !== "").length, 1);

  await context.test("lines lead from interface to router to PvD to what it has", async () => {
    const wires = await page.evaluate<number>(`document.querySelectorAll("#wires path").length`);
    assert.equal(wires, WIRES);
  });

  await context.test("what a network says is text, whatever it is", async () => {
    await page.evaluate(`document.querySelectorAll("details").forEach((it) => it.open = true)`);
    assert.ok((await page.text()).includes(HOSTILE_DOMAIN));
    assert.ok((await page.text()).includes(HOSTILE_PORTAL));
    assert.equal(await page.evaluate("typeof owned"), "undefined");
    const elements =
      `document.body.querySelectorAll("script, img, b, a, iframe, [onload], [onerror]")`;
    assert.equal(await page.evaluate(`${elements}.length`), 1, "the page's own script");
    // And where it were not, the policy stops it.
    const refused = await page.evaluate(
      `(() => { try { document.body.innerHTML = "<img src=x onerror=owned=1>"; } catch (e) { return e.name; } })()`,
    );
    assert.equal(refused, "TypeError");
    assert.deepEqual(page.dialogs, []);
    await page.evaluate(`document.querySelectorAll("details").forEach((it) => it.open = false)`);
  });

  await context.test("it is readable, wide and narrow, light and dark", async () => {
    for (const scheme of ["light", "dark"] as const) {
      for (const width of [1280, 1100, 1000, 720, 400, 320]) {
        await page.show(width, scheme);
        const [needed, lines] = await page.evaluate<[number, number]>(
          `[document.documentElement.scrollWidth, document.querySelectorAll("#wires path").length]`,
        );
        assert.ok(needed <= width, `${needed} of ${width} pixels in ${scheme}`);
        assert.equal(lines, WIRES);
        assert.deepEqual(await page.evaluate(PROTRUDING), [], `${width} pixels`);
      }
      assert.deepEqual(await page.evaluate(FAINT), [], scheme);
    }
    await page.show(1280);
  });

  await context.test("a destination, asked for with the keyboard", async () => {
    await page.evaluate(`document.getElementById("to").focus()`);
    await page.type(SERVICE_IPV6);
    await page.press("Enter", "Enter", "\r");
    await page.waitFor("the answer", `document.querySelectorAll("#answer tbody tr").length === 5`);
    const rows = (await texts(page, "#answer tbody tr")).sort();
    const rowOf = (id: string) => rows.find((row) => row.startsWith(id)) ?? assert.fail(id);
    // The kernel sends both by one router, so one of them leaks; neither is held.
    assert.equal(rows.filter((row) => row.includes("leaks: not its own way")).length >= 1, true);
    for (const id of [PVD_1, PVD_2]) assert.match(rowOf(id), /refused EPVDROUTE/);
    assert.match(rowOf("h0"), /no IPv6 address/);
    const leaking = [PVD_1, PVD_2].find((id) => rowOf(id).includes("leaks"))!;
    // The button of the row that leaks, by Tab and the space bar.
    for (let i = 0; i < 12; i++) {
      await page.press("Tab");
      if (await page.evaluate(`document.activeElement.textContent === ${quoted(leaking)}`)) break;
    }
    await page.press(" ", "Space", " ");
    await page.waitFor("the way in the picture", `document.querySelector("#wires .leak")`);
    assert.equal(await page.evaluate(`document.activeElement.textContent`), leaking);
    assert.match(await page.evaluate(`document.getElementById("summary").textContent`), /^To 2001/);
  });

  await context.test("it follows: an address that is added", async () => {
    const address = "2001:db8:1::77";
    // A mark goes after seconds, in which a busy machine may not look.
    await page.evaluate(`globalThis.marked = [], new MutationObserver((records) => {
      for (const { target } of records) if (target.matches(".fresh")) marked.push(target.textContent);
    }).observe(document.body, { subtree: true, attributeFilter: ["class"] })`);
    host.ip("addr", "add", `${address}/64`, "dev", "h0");
    await page.waitFor(
      "the address",
      `${ofPvd(PVD_1, ".leaf")}?.textContent.includes("${address}")`,
    );
    await page.waitFor("its mark", `marked.some((text) => text.includes("${address}"))`);
    await page.waitFor("the note of it", shows("#log .added", `address ${address}/64`));
    // What else there is was there before.
    const others = `marked.filter((text) => text.includes(${quoted(NETWORK_2.domain)}))`;
    assert.deepEqual(await page.evaluate(others), []);
    host.ip("addr", "del", `${address}/64`, "dev", "h0");
    await page.waitFor("the note of its end", shows("#log .removed", `address ${address}/64`));
  });

  await context.test("it follows: a router that withdraws, and comes back", async () => {
    const { routerLinkLocal } = NETWORK_2;
    await r2.advertiser!.update({ ...advertisementOf(NETWORK_2), lifetimeSeconds: 0 });
    await page.waitFor("the note of it", shows("#log .removed", `gateway ${routerLinkLocal}`));
    await page.waitFor("its card", shows(".router.down", routerLinkLocal));
    await r2.advertiser!.update(advertisementOf(NETWORK_2));
    await page.waitFor(
      "the note of its return",
      shows("#log .added", `gateway ${routerLinkLocal}`),
    );
    await page.waitFor("its card", `!${shows(".router.down", routerLinkLocal)}`);
  });

  await context.test("it follows: routes that hold each source", async () => {
    const { status, stderr } = await host.runScript(cli, ["route", "install", "--solicit"]);
    assert.equal(status, 0, stderr);
    await page.waitFor("the tables", `document.querySelectorAll("#table-rows tr").length === 4`);
    for (const id of [PVD_1, PVD_2]) {
      const list = ofPvd(id, ".verdicts");
      await page.waitFor("sockets", `${list}?.textContent.includes("IPv6 sockets stay on it")`);
    }
    // The question that was asked is answered anew.
    await page.waitFor("the answer", `!${shows("#answer tr", "refused")}`);
    await page.waitFor("the way in the picture", `document.querySelector("#wires .way")`);
    assert.equal(await page.evaluate(`document.querySelector("#wires .leak")`), null);
  });

  await context.test("it follows: no network at all", async () => {
    host.batch(["link set h0 down"]);
    host.ip("link", "set", HOSTILE_LINK, "down");
    await page.waitFor("that there is nothing", `!document.getElementById("empty").hidden`);
    assert.deepEqual(
      (await texts(page, "#idle-list bdi")).sort(),
      ["far", "h0", HOSTILE_LINK].sort(),
    );
    assert.equal(await page.evaluate(`document.querySelectorAll("#wires path").length`), 0);
  });

  await context.test("it asked for nothing elsewhere, and had nothing to complain of", () => {
    const { origin } = new URL(url);
    const others = page.requests.filter((it) => !it.startsWith(`${origin}/`) && !/^data:/.test(it));
    assert.deepEqual(others, []);
    // Ours was the one that the policy stopped.
    assert.deepEqual(page.complaints.filter((it) => !it.includes("TrustedHTML")), []);
  });

  await context.test("it ends by SIGINT, and the page says so", async () => {
    process.kill(ui.pid, "SIGINT");
    const { status } = await ui.exited;
    assert.deepEqual([status, stripVTControlCharacters(ui.stderr)], [0, ""]);
    await page.waitFor("that it ended", `document.querySelector(".status.lost")`);
  });
});

/** Texts that run out of their cards. */
const PROTRUDING = `(() => {
  const range = document.createRange();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const protruding = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const card = node.parentElement.closest(".card, .panel, #question");
    if (!card || node.parentElement.closest("select")) continue;
    range.selectNodeContents(node);
    const outer = card.getBoundingClientRect();
    const inner = range.getBoundingClientRect();
    if (inner.width > 0 && (inner.left < outer.left || inner.right > outer.right)) {
      protruding.push(node.data.slice(0, 40));
    }
  }
  return protruding;
})()`;

/** Texts whose contrast to what is behind them is below WCAG's 4.5. */
const FAINT = `(() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const over = ([r, g, b, a], [R, G, B]) => [[r, R], [g, G], [b, B]].map(([x, y]) => (x * a + y * (255 - a)) / 255);
  const behind = (element) => {
    if (!element) return rgba("Canvas");
    const color = rgba(getComputedStyle(element).backgroundColor);
    return color[3] === 255 ? color : over(color, behind(element.parentElement));
  };
  const light = (color) => {
    const [r, g, b] = color.map((value) => (value /= 255) <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest("script, .unseen")) continue;
    const ground = behind(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), ground)), light(ground)].sort((x, y) => y - x);
    const contrast = (a + .05) / (b + .05);
    if (contrast < 4.5) faint.push(contrast.toFixed(2) + " " + node.data.trim().slice(0, 40));
  }
  return faint;
})()`;
