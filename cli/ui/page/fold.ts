/**
 * A list of which only the beginning is shown, until somebody wants all. Runs in the browser.
 *
 * @module
 */

import { foreign, keyed, make, sayQuietly } from "./elements.ts";
import type { PageFunctions } from "./script.ts";

/** Makes an empty one; `kind` is the class of its list. */
export function makeFold(kind = ""): HTMLElement {
  const fold = make("div", "fold");
  const button = make("button", "chip");
  button.type = "button";
  button.onclick = () => {
    fold.classList.toggle("open");
    labelFold(fold);
  };
  fold.append(make("ul", kind), button);
  return fold;
}

/** Brings its texts up to date. */
export function drawFold(fold: Element, texts: readonly string[], kind = "mono"): void {
  drawItems(fold, texts, (text) => text, (text) => {
    const item = make("li");
    item.append(foreign(text, kind));
    return item;
  });
}

/** Brings items of any kind up to date. Of thousands the last are left out: nobody looks for them here. */
export function drawItems<Item>(
  fold: Element,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  create: (item: Item) => HTMLElement,
  update?: (element: HTMLElement, item: Item) => void,
): void {
  keyed(fold.children[0]!, items.slice(0, 256), keyOf, create, update);
  labelFold(fold);
}

/** The style sheet hides what comes after the sixth. */
function labelFold(fold: Element): void {
  const [list, button] = Array.from(fold.children) as [HTMLElement, HTMLButtonElement];
  const rest = list.children.length - 6;
  const isOpen = fold.classList.contains("open");
  button.hidden = rest <= 0;
  button.setAttribute("aria-expanded", String(isOpen));
  sayQuietly(button, isOpen ? "fewer" : `${rest} more`);
}

/** For the page's script. */
export const inPage: PageFunctions = [
  makeFold,
  drawFold,
  drawItems,
  labelFold,
];
