/**
 * The question where a destination would go, and the page's answer. Runs in the browser.
 *
 * @module
 */

import type { DestinationAnswer, PvdWays, Way } from "../destination.ts";
import type { Picture, Refusal } from "../picture.ts";
import { hueOf, type Hues } from "./draw.ts";
import { foreign, icon, keyed, make, sayQuietly } from "./elements.ts";
import type { ShownWay } from "./wires.ts";
import { reasonOf } from "./words.ts";
import type { PageFunctions } from "./script.ts";

/** Brings the choice of who is asked for a name up to date; what is chosen stays chosen. */
export function drawChoice({ pvds }: Picture): void {
  const select = document.getElementById("by") as HTMLSelectElement;
  const choices = [
    { value: "", text: "the system's servers" },
    ...pvds.map(({ pvd }) => ({ value: String(pvd.handle), text: `servers of ${pvd.id}` })),
  ];
  const chosen = select.value;
  keyed(select, choices, ({ value }) => `by ${value}`, ({ value, text }) => {
    const option = make("option", "", text);
    option.value = value;
    return option;
  });
  select.value = choices.some(({ value }) => value === chosen) ? chosen : "";
}

/** Asks the server. */
export async function ask(to: string, by: string): Promise<DestinationAnswer | Refusal> {
  const query = new URLSearchParams(location.search);
  query.set("to", to);
  if (by !== "") query.set("pvd", by);
  try {
    const response = await fetch(`/destination?${query}`);
    if (response.ok) return await response.json();
    return { code: String(response.status), message: (await response.text()).trim() };
  } catch {
    return { code: "ECONNREFUSED", message: "mif ui does not answer any more" };
  }
}

/** What is chosen to be shown in the picture: "" is the system's way. */
export function shownWay(answer: DestinationAnswer, chosen: string): ShownWay | null {
  const way = chosen === ""
    ? answer.system
    : answer.pvds.find(({ handle }) => String(handle) === chosen)?.plain ?? null;
  if (way === null || isRefusal(way) || way.pvd === null) return null;
  return { handle: way.pvd, interface: way.interface, gateway: way.gateway, own: way.own };
}

/** What one may do with an answer. */
export interface AnswerActions {
  /** Shows another way in the picture. */
  choose(chosen: string): void;
  /** Asks for another address of the name. */
  askFor(address: string): void;
}

/** Shows an answer, or why there is none. */
export function drawAnswer(
  answer: DestinationAnswer | Refusal | null,
  chosen: string,
  picture: Picture,
  hues: Hues,
  actions: AnswerActions,
): void {
  const place = document.getElementById("answer")!;
  place.hidden = answer === null;
  sayQuietly(document.getElementById("summary")!, answer === null ? "" : summaryOf(answer));
  if (answer === null) return;
  if (isRefusal(answer)) {
    place.replaceChildren(verdictOf(answer, ""));
    return;
  }
  const title = make("h3");
  title.append("The way to ", foreign(answer.address, "mono"));
  if (answer.to !== answer.address && !answer.addresses.includes(answer.to)) {
    title.append(", an address of ", foreign(answer.to));
  }
  const others = make("p", "others", "Others it has:");
  for (const address of answer.addresses.filter((each) => each !== answer.address)) {
    const button = make("button", "chip mono", address);
    button.type = "button";
    button.onclick = () => actions.askFor(address);
    others.append(button);
  }
  const rows = [
    rowOf("", "The system's own choice", answer.system, null, null),
    ...answer.pvds.map((ways) => {
      const id = picture.pvds.find(({ pvd }) => pvd.handle === ways.handle)?.pvd.id ?? "a PvD";
      return rowOf(String(ways.handle), id, ways.plain, ways, hueOf(hues, ways.handle));
    }),
  ];
  const table = make("table", "ways");
  const head = make("tr");
  for (const text of ["From", "A plain socket", "A socket of this library"]) {
    const cell = make("th", "", text);
    cell.scope = "col";
    head.append(cell);
  }
  const thead = make("thead");
  thead.append(head);
  const tbody = make("tbody");
  for (const { row, button, key } of rows) {
    button.setAttribute("aria-pressed", String(key === chosen));
    row.classList.toggle("chosen", key === chosen);
    button.onclick = () => actions.choose(key);
    tbody.append(row);
  }
  table.append(thead, tbody);
  const focused = (document.activeElement as HTMLElement | null)?.dataset.way;
  place.replaceChildren(title, ...(others.children.length > 0 ? [others] : []), table);
  // The table is another one; who was at one of its buttons is there again.
  if (focused !== undefined) {
    rows.find(({ key }) => key === focused)?.button.focus({ preventScroll: true });
  }
}

/** For those who hear the page. */
function summaryOf(answer: DestinationAnswer | Refusal): string {
  if (isRefusal(answer)) return reasonOf(answer);
  const { address, system, pvds } = answer;
  const held = pvds.filter(({ held }) => !isRefusal(held)).length;
  const way = isRefusal(system)
    ? `the system has no way, ${reasonOf(system)}`
    : `the system goes ${
      system.gateway === null ? "" : `via ${system.gateway} `
    }on ${system.interface}${system.own ? "" : ", which is not the way of its source's PvD"}`;
  return `To ${address}: ${way}; sockets of this library can be held on ${held} of ${pvds.length} PvDs`;
}

function rowOf(
  key: string,
  name: string,
  plain: Way | Refusal | null,
  ways: PvdWays | null,
  hue: number | null,
): { key: string; row: HTMLTableRowElement; button: HTMLButtonElement } {
  const row = make("tr");
  if (hue !== null) row.dataset.hue = String(hue);
  const head = make("th");
  head.scope = "row";
  const button = make("button", "show");
  button.type = "button";
  button.dataset.way = key;
  button.title = "Show this way in the picture";
  button.append(make("span", "dot"), foreign(name, hue === null ? "" : "mono"));
  head.append(button);
  row.append(head);
  if (ways && plain === null && isRefusal(ways.held)) {
    // Neither has a way: one reason for both.
    const both = make("td", "quiet", reasonOf(ways.held));
    both.colSpan = 2;
    row.append(both);
    return { key, row, button };
  }
  const first = make("td");
  if (plain) first.append(wayOf(plain));
  const second = make("td");
  // For the narrow page, which has no columns.
  first.dataset.label = "A plain socket";
  if (ways !== null) second.dataset.label = "A socket of this library";
  if (ways === null) second.append(make("span", "quiet", "always belongs to a PvD"));
  else if (isRefusal(ways.held)) second.append(verdictOf(ways.held, "refused"));
  else {
    const held = verdictOf(null, "stays on it");
    const text = make("p", "reason");
    text.append("from ", foreign(ways.held.source, "mono"));
    held.children[1]!.append(text);
    second.append(held);
  }
  row.append(first, second);
  return { key, row, button };
}

function wayOf(way: Way | Refusal): HTMLElement {
  if (isRefusal(way)) return verdictOf(way, "");
  const place = way.gateway === null
    ? `directly on ${way.interface}`
    : `via ${way.gateway} on ${way.interface}`;
  const element = verdictOf(
    null,
    way.own ? "its own way" : way.pvd === null ? "from no PvD's address" : "leaks: not its own way",
    way.own,
  );
  const text = make("p", "reason");
  text.append("from ", foreign(way.source, "mono"), make("br"), foreign(place, "mono"));
  element.children[1]!.append(text);
  return element;
}

function verdictOf(refusal: Refusal | null, text: string, isGood = true): HTMLElement {
  const element = make("div", `verdict ${refusal || !isGood ? "no" : "yes"}`);
  const body = make("div");
  const title = make("strong", "", text);
  body.append(title);
  if (refusal) {
    title.append(text === "" ? "" : " ", make("code", "code", refusal.code));
    body.append(make("p", "reason", reasonOf(refusal)));
  }
  element.append(icon(refusal || !isGood ? "M4 4l8 8M12 4l-8 8" : "M3 8.5l3.5 3.5L13 4.5"), body);
  return element;
}

/** Whether an answer says why there is none. */
export function isRefusal(answer: object): answer is Refusal {
  return "code" in answer;
}

/** For the page's script. */
export const inPage: PageFunctions = [
  drawChoice,
  ask,
  shownWay,
  drawAnswer,
  summaryOf,
  rowOf,
  wayOf,
  verdictOf,
  isRefusal,
];
