/**
 * Draws a picture: a card for each interface, router and PvD, and for what a PvD has. Runs in the browser.
 *
 * @module
 */

import type { PvdInfo } from "../../../mod.ts";
import type { Picture, PictureInterface, PicturePvd, Verdict } from "../picture.ts";
import { arrange, type Band, defaultPvd, type Group, type Router } from "./arrange.ts";
import { foreign, icon, keyed, make, say, sayQuietly } from "./elements.ts";
import { drawFold, makeFold } from "./fold.ts";
import { drawLeaves } from "./leaves.ts";
import { originOf, reasonOf, remedyOf } from "./words.ts";
import type { PageFunctions } from "./script.ts";

/** Which of the colours each PvD has, by its handle. */
export type Hues = Map<number, number>;

/** Brings the page's picture up to date. */
export function drawPicture(picture: Picture, hues: Hues): void {
  const { bands, idle } = arrange(picture);
  for (const { pvd } of picture.pvds) hueOf(hues, pvd.handle);
  const place = document.getElementById("bands")!;
  keyed(place, bands, (band) => `band ${band.interface.index}`, makeBand, (element, band) => {
    drawBand(element, band, hues);
  });
  markDefault(defaultPvd(picture));
  drawRemedies(picture);
  document.getElementById("empty")!.hidden = bands.length > 0;
  document.getElementById("heads")!.hidden = bands.length === 0;
  document.getElementById("idle")!.hidden = idle.length === 0;
  keyed(
    document.getElementById("idle-list")!,
    idle.slice(0, 60),
    ({ index }) => `${index}`,
    ({ name }) => {
      const item = make("li");
      item.append(foreign(name, "mono"), make("span", "quiet"));
      return item;
    },
    (item, link) => say(item.children[1]!, stateOf(link)),
  );
  const leftOut = document.getElementById("left-out")!;
  leftOut.hidden = picture.pvdsLeftOut === 0;
  sayQuietly(leftOut, `${picture.pvdsLeftOut} more PvDs are not drawn: mif list has them all.`);
  const more = idle.length - 60;
  sayQuietly(document.getElementById("idle-more")!, more > 0 ? `and ${more} more` : "");
}

function markDefault(handle: number | null): void {
  for (const card of Array.from(document.querySelectorAll<HTMLElement>(".pvd"))) {
    const badge = card.querySelector(".badge")!;
    say(badge, card.dataset.handle === String(handle) ? "the system's default" : "");
  }
}

/** What may be done about refusals, each once. */
function drawRemedies({ pvds }: Picture): void {
  const found = pvds.flatMap(({ verdicts }) => verdicts)
    .flatMap(({ refusal }) => (refusal && remedyOf(refusal)) ?? []);
  const unique = found.filter(({ command }, at) =>
    found.findIndex((other) => other.command === command) === at
  );
  const list = document.getElementById("remedies")!;
  list.hidden = unique.length === 0;
  keyed(list, unique, ({ command }) => command, ({ command, does }) => {
    const item = make("li");
    const text = make("span");
    text.append(make("code", "", command), ` ${does}`);
    item.append(icon("M8 2a4 4 0 0 1 2.5 7.2V11h-5V9.200A4 4 0 0 1 8 2zM6.500 14h3"), text);
    return item;
  });
}

/** The colour of a PvD: the first that no other has, and for as long as the page is open. */
export function hueOf(hues: Hues, handle: number): number {
  let hue = hues.get(handle);
  if (hue === undefined) hues.set(handle, hue = hues.size % 6);
  return hue;
}

function makeBand(): HTMLElement {
  const band = make("section", "band");
  band.append(make("div", "column interfaces"), make("div", "groups"));
  return band;
}

function drawBand(element: HTMLElement, { interface: link, groups }: Band, hues: Hues): void {
  element.setAttribute("aria-label", `Interface ${link.name}`);
  const [interfaces, place] = Array.from(element.children);
  keyed(interfaces!, [link], ({ index }) => `interface ${index}`, makeInterface, drawInterface);
  keyed(place!, groups, ({ key }) => key, makeGroup, (group, it) => drawGroup(group, it, hues));
}

function makeInterface({ name }: PictureInterface): HTMLElement {
  const card = make("article", "card interface");
  const title = make("h3");
  title.append(foreign(name));
  card.append(make("p", "kicker", "Interface"), title, make("p", "state"), make("p", "quiet mono"));
  return card;
}

function drawInterface(card: HTMLElement, link: PictureInterface): void {
  card.classList.toggle("down", !link.up || !link.carrier);
  const [, , state, mac] = Array.from(card.children);
  say(state!, `${stateOf(link)} · MTU ${link.mtu}`);
  sayQuietly(mac!, link.mac ?? "");
}

function stateOf({ up, carrier }: PictureInterface): string {
  return !up ? "down" : carrier ? "up" : "no carrier";
}

function makeGroup(): HTMLElement {
  const group = make("div", "group");
  group.append(make("div", "column routers"), make("div", "lanes"));
  return group;
}

function drawGroup(element: HTMLElement, { routers, pvds }: Group, hues: Hues): void {
  const [column, lanes] = Array.from(element.children);
  keyed(column!, routers, ({ key }) => key, makeRouter, (card, router) => {
    drawRouter(card, router, pvds, hues);
  });
  keyed(lanes!, pvds, ({ pvd }) => `lane ${pvd.handle}`, makeLane, (lane, each) => {
    lane.dataset.hue = String(hueOf(hues, each.pvd.handle));
    drawPvd(lane.children[0] as HTMLElement, each);
    drawLeaves(lane.children[1] as HTMLElement, each.pvd);
  });
}

function makeRouter({ address }: Router): HTMLElement {
  const card = make("article", "card router");
  const title = make("h3", "mono");
  title.append(foreign(address));
  card.append(make("p", "kicker", "Router"), title, make("p", "quiet"));
  return card;
}

function drawRouter(card: HTMLElement, router: Router, pvds: PicturePvd[], hues: Hues): void {
  const { address, pvds: [first] } = router;
  card.dataset.hue = String(hueOf(hues, first!));
  const using = pvds.filter(({ pvd }) => pvd.gateways.some((it) => it.address === address));
  const announced = pvds.map(({ pvd }) => pvd)
    .find((pvd) => pvd.router === address && pvd.advertisement)?.advertisement;
  const preference = announced && announced.preference !== "medium"
    ? `, ${announced.preference} preference`
    : "";
  say(card.children[2]!, using.length > 0 ? `default gateway${preference}` : "no default route");
  card.classList.toggle("down", using.length === 0);
}

function makeLane({ pvd }: PicturePvd): HTMLElement {
  const lane = make("div", "lane");
  const card = make("article", "card pvd");
  card.dataset.handle = String(pvd.handle);
  const title = make("h3", "mono");
  title.append(foreign(pvd.id));
  const kicker = make("p", "kicker");
  kicker.append(make("span"), make("span", "badge"));
  const more = make("details");
  more.append(make("summary", "", "Routes and details"), make("dl"));
  card.append(
    kicker,
    title,
    make("p", "quiet"),
    make("ul", "verdicts"),
    more,
  );
  const leaves = make("div", "column leaves");
  lane.append(card, leaves);
  return lane;
}

function drawPvd(card: HTMLElement, { pvd, verdicts }: PicturePvd): void {
  const [kicker, , origin, list, more] = Array.from(card.children);
  say(kicker!.children[0]!, `${pvd.kind === "explicit" ? "Explicit" : "Implicit"} PvD`);
  const restricted = pvd.additionalInfo?.noInternet ? "; no Internet, says its owner" : "";
  say(origin!, originOf(pvd) + restricted);
  const keyOf = ({ family, refusal }: Verdict) => `${family} ${refusal?.code ?? "held"}`;
  keyed(list!, verdicts, keyOf, makeVerdict, ({ children: [, text] }, verdict) => {
    const linkOnly = pvd.gateways.some((it) => it.family === verdict.family)
      ? ""
      : ", its link only";
    sayQuietly(
      text!.children[1]!,
      verdict.refusal ? reasonOf(verdict.refusal) : `from ${verdict.source}${linkOnly}`,
    );
  });
  drawDetails(more!.children[1] as HTMLElement, pvd);
}

function makeVerdict({ family, refusal }: Verdict): HTMLElement {
  const item = make("li", refusal ? "no" : "yes");
  const text = make("div");
  const title = make(
    "strong",
    "",
    refusal ? `IPv${family} sockets are refused` : `IPv${family} sockets stay on it`,
  );
  if (refusal) title.append(" ", make("code", "code", refusal.code));
  text.append(title, make("p", refusal ? "reason" : "reason mono"));
  item.append(icon(refusal ? "M4 4l8 8M12 4l-8 8" : "M3 8.5l3.5 3.5L13 4.5"), text);
  return item;
}

/** What is good to know, but not at first sight. */
function drawDetails(list: HTMLElement, pvd: PvdInfo): void {
  const { advertisement, unconfigured, additionalInfo } = pvd;
  const rows: [string, string[]][] = [
    [
      "Routes",
      pvd.routes.map(({ destination, gateway }) =>
        gateway === null ? destination : `${destination} via ${gateway}`
      ),
    ],
    ["NAT64", pvd.pref64 === undefined ? [] : [pvd.pref64]],
    ["Captive portal", pvd.captivePortal === undefined ? [] : [pvd.captivePortal]],
    [
      "Announced",
      advertisement === undefined
        ? []
        : advertisement.prefixes.map((it) =>
          it.prefix + (it.validSeconds === 0 ? ", taken back" : "")
        ),
    ],
    [
      "Not taken",
      unconfigured === undefined ? [] : [
        ...unconfigured.prefixes,
        ...unconfigured.routes.map(({ destination, gateway }) =>
          gateway === null ? destination : `${destination} via ${gateway}`
        ),
      ],
    ],
    [
      "Owner says",
      additionalInfo === undefined ? [] : [
        `valid until ${additionalInfo.expires}`,
        ...additionalInfo.prefixes.map((prefix) => `prefix ${prefix}`),
        ...(additionalInfo.dnsZones ?? []).map((zone) => `zone ${zone}`),
      ],
    ],
    ["Sequence", pvd.sequence === undefined ? [] : [String(pvd.sequence)]],
    ["MTU", [String(pvd.mtu)]],
    ["Handle", [String(pvd.handle)]],
  ];
  keyed(
    list,
    rows.filter(([, values]) => values.length > 0),
    ([name]) => name,
    ([name]) => {
      const row = make("div");
      const value = make("dd");
      value.append(makeFold());
      row.append(make("dt", "", name), value);
      return row;
    },
    (row, [, values]) => drawFold(row.querySelector(".fold")!, [...new Set(values)]),
  );
}

/** For the page's script. */
export const inPage: PageFunctions = [
  drawPicture,
  markDefault,
  drawRemedies,
  hueOf,
  makeBand,
  drawBand,
  makeInterface,
  drawInterface,
  stateOf,
  makeGroup,
  drawGroup,
  makeRouter,
  drawRouter,
  makeLane,
  drawPvd,
  makeVerdict,
  drawDetails,
];
