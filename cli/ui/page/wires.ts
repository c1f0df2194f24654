/**
 * The lines between the cards, from interface to router to PvD to what it has, and the way of a packet. Runs in the browser.
 *
 * @module
 */

import type { Picture } from "../picture.ts";
import { routerKey, routersOf } from "./arrange.ts";
import { shape } from "./elements.ts";
import type { PageFunctions } from "./script.ts";

/** A way to be shown: from a PvD's addresses through a router, or without one, to an interface. */
export interface ShownWay {
  handle: number;
  interface: string;
  gateway: string | null;
  own: boolean;
}

/** Draws all lines anew: where the cards stand only the browser knows. */
export function drawWires(picture: Picture, way: ShownWay | null): void {
  const svg = document.getElementById("wires")!;
  const origin = svg.getBoundingClientRect();
  const lines: SVGElement[] = [];
  const join = (from: Element | null, to: Element | null, kind: string, hue: string | null) => {
    if (!from || !to) return;
    const path = shape("path", {
      d: wirePath(boxOf(from, origin), boxOf(to, origin)),
      class: kind,
    });
    if (hue !== null) path.setAttribute("data-hue", hue);
    lines.push(path);
  };
  for (const each of picture.pvds) {
    const { handle, interface: { index } } = each.pvd;
    const card = document.querySelector(`[data-handle="${handle}"]`);
    const lane = card?.parentElement;
    if (!card || !lane) continue;
    const hue = lane.dataset.hue ?? "0";
    const link = keyedElement(`interface ${index}`);
    const routers = routersOf(each).map((address) => keyedElement(routerKey(index, address)));
    const isShown = way?.handle === handle;
    for (const router of routers) {
      const isOnWay = isShown && way.own && router !== null &&
        router === keyedElement(routerKey(index, way.gateway ?? ""));
      join(link, router, isOnWay ? "wire way" : "wire trunk", hue);
      join(router, card, isOnWay ? "wire way" : "wire", hue);
    }
    if (routers.length === 0 || (isShown && way.own && way.gateway === null)) {
      join(link, card, isShown && way.own ? "wire way" : "wire trunk", hue);
    }
    for (const leaf of Array.from(lane.querySelectorAll(".leaf"))) {
      join(card, leaf, isShown && leaf.matches(":first-child") ? "wire way" : "wire", hue);
    }
    if (isShown && !way.own) {
      const link = picture.interfaces.find(({ name }) => name === way.interface);
      const to = link && way.gateway !== null
        ? keyedElement(routerKey(link.index, way.gateway))
        : link
        ? keyedElement(`interface ${link.index}`)
        : null;
      join(to, card, "wire leak", null);
      if (link && way.gateway !== null) {
        join(keyedElement(`interface ${link.index}`), to, "wire leak", null);
      }
    }
  }
  // What is on the way lies above the rest.
  const order = (line: SVGElement) => Number(/way|leak/.test(line.getAttribute("class")!));
  svg.replaceChildren(...lines.sort((a, b) => order(a) - order(b)));
}

function keyedElement(key: string): Element | null {
  return document.querySelector(`#bands [data-key="${CSS.escape(key)}"]`);
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function boxOf(element: Element, origin: DOMRect): Box {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return {
    left: left - origin.left,
    right: right - origin.left,
    top: top - origin.top,
    bottom: bottom - origin.top,
  };
}

/** Side by side: a curve from edge to edge. One below the other: down at the left, and in; or around, where it is above. */
export function wirePath(from: Box, to: Box): string {
  const n = (value: number) => value.toFixed(1);
  if (to.left > from.right) {
    const start = (from.top + from.bottom) / 2;
    const end = (to.top + to.bottom) / 2;
    const bend = (to.left - from.right) / 2;
    return `M${n(from.right)} ${n(start)}C${n(from.right + bend)} ${n(start)} ${
      n(to.left - bend)
    } ` +
      `${n(end)} ${n(to.left)} ${n(end)}`;
  }
  const end = Math.min(to.top + 24, (to.top + to.bottom) / 2);
  const x = from.left + 9;
  if (to.left > x && to.top >= from.bottom) {
    return `M${n(x)} ${n(from.bottom)}V${n(end - 8)}Q${n(x)} ${n(end)} ${n(x + 8)} ${n(end)}H${
      n(to.left)
    }`;
  }
  const start = (from.top + from.bottom) / 2;
  const side = Math.min(from.left, to.left) - 8;
  return `M${n(from.left)} ${n(start)}H${n(side)}V${n(end)}H${n(to.left)}`;
}

/** For the page's script. */
export const inPage: PageFunctions = [
  drawWires,
  keyedElement,
  boxOf,
  wirePath,
];
