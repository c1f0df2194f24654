/**
 * How the page makes and changes its elements. What comes from a network is only ever set as text.
 *
 * These functions run in the browser: their source text is the page's script, so they use nothing but each other.
 *
 * @module
 */

import type { PageFunctions } from "./script.ts";

/** Makes an element with a class and text. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = "",
  text = "",
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className !== "") element.className = className;
  if (text !== "") element.textContent = text;
  return element;
}

/** Text of a network's or an administrator's making: its direction and its length disturb nothing around it. */
export function foreign(text: string, className = ""): HTMLElement {
  return make("bdi", className, text);
}

/** Makes an element of SVG. */
export function shape(name: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** A picture of one path, for eyes only: what it means stands beside it. */
export function icon(path: string): SVGElement {
  const svg = shape("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" });
  svg.append(shape("path", { d: path }));
  return svg;
}

/** Has an element shown as changed for a while; of the first picture nothing is new. */
export function touch(element: Element): void {
  if (document.documentElement.dataset.live === undefined) return;
  const fresh = element.closest(".card, li, tr") ?? element;
  fresh.classList.remove("fresh");
  // The animation begins again only where the class was away for a moment.
  void (fresh as HTMLElement).offsetWidth;
  fresh.classList.add("fresh");
  setTimeout(() => fresh.classList.remove("fresh"), 4000);
}

/** Sets text, and shows that it changed. */
export function say(element: Element, text: string): void {
  if (element.textContent === text) return;
  const isNew = element.textContent === "";
  element.textContent = text;
  if (!isNew) touch(element);
}

/** Sets text and shows nothing: it is what counts down. */
export function sayQuietly(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes an element's children those of a list: what was there stays the same element, so that the focus, what is
 * opened and what is selected outlive each picture.
 */
export function keyed<Item>(
  parent: Element,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  create: (item: Item) => HTMLElement,
  update: (element: HTMLElement, item: Item) => void = () => {},
): void {
  const before = new Map<string, HTMLElement>();
  for (const child of Array.from(parent.children) as HTMLElement[]) {
    before.set(child.dataset.key ?? "", child);
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = before.get(key);
    before.delete(key);
    if (!element) {
      element = create(item);
      element.dataset.key = key;
      parent.insertBefore(element, place);
      touch(element);
    } else if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
    update(element, item);
  }
  for (const gone of before.values()) gone.remove();
}

/** For the page's script. */
export const inPage: PageFunctions = [
  make,
  foreign,
  shape,
  icon,
  touch,
  say,
  sayQuietly,
  keyed,
];
