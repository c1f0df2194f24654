/**
 * What the page does: takes the server's events, draws, and asks. Runs in the browser.
 *
 * @module
 */

import type { DestinationAnswer } from "../destination.ts";
import type { Picture, Refusal } from "../picture.ts";
import { type Difference, differences } from "./differences.ts";
import { drawPicture, type Hues } from "./draw.ts";
import { foreign, icon, make } from "./elements.ts";
import { ask, drawAnswer, drawChoice, isRefusal, shownWay } from "./question.ts";
import { drawTables } from "./tables.ts";
import { drawWires } from "./wires.ts";
import type { PageFunctions } from "./script.ts";

/** Begins; called once, when the page is there. */
export function start(): void {
  const hues: Hues = new Map();
  let picture: Picture | null = null;
  let question: { to: string; by: string; address: string } | null = null;
  let answer: DestinationAnswer | Refusal | null = null;
  let chosen = "";

  const wires = () => {
    if (picture) drawWires(picture, answer && !isRefusal(answer) ? shownWay(answer, chosen) : null);
  };
  const show = () => {
    if (!picture) return;
    drawAnswer(answer, chosen, picture, hues, {
      choose: (key) => {
        chosen = key;
        show();
      },
      askFor: (address) => {
        if (question) void inquire({ ...question, address });
      },
    });
    wires();
  };
  const inquire = async (asked: NonNullable<typeof question>) => {
    question = asked;
    const next = await ask(asked.address || asked.to, asked.by);
    // Another question was asked meanwhile.
    if (question !== asked) return;
    if (!isRefusal(next) && asked.address !== "" && answer && !isRefusal(answer)) {
      next.addresses = answer.addresses;
      next.to = answer.to;
    }
    answer = next;
    if (!isRefusal(next)) question = { ...asked, address: next.address };
    show();
  };
  const take = (next: Picture) => {
    const told = picture === null ? [] : differences(picture, next);
    picture = next;
    document.title = `${next.host}: provisioning domains`;
    document.getElementById("host")!.textContent = next.host;
    document.getElementById("level")!.textContent = next.level;
    drawPicture(next, hues);
    drawTables(next);
    drawChoice(next);
    logDifferences(told);
    setStatus("live", "Live");
    show();
    document.documentElement.dataset.live = "";
    // The way may be another one too; a name is not asked for again.
    if (question && told.length > 0) void inquire(question);
  };

  const form = document.getElementById("question") as HTMLFormElement;
  form.onsubmit = (event) => {
    event.preventDefault();
    const to = (document.getElementById("to") as HTMLInputElement).value.trim();
    const by = (document.getElementById("by") as HTMLSelectElement).value;
    chosen = by;
    if (to === "") {
      question = answer = null;
      return show();
    }
    document.getElementById("ask")!.setAttribute("aria-busy", "true");
    void inquire({ to, by, address: "" }).finally(() => {
      document.getElementById("ask")!.removeAttribute("aria-busy");
    });
  };
  // Cards grow and wrap without an event of ours.
  new ResizeObserver(wires).observe(document.getElementById("bands")!);

  const events = new EventSource(`/events${location.search}`);
  events.addEventListener("picture", ({ data }) => take(JSON.parse(data)));
  events.addEventListener("trouble", ({ data }) => {
    const { code, message }: Refusal = JSON.parse(data);
    setStatus("lost", `${code}: ${message}`);
  });
  events.onerror = () => setStatus("lost", "Not connected: has mif ui ended?");
}

function setStatus(status: "live" | "lost", text: string): void {
  const element = document.getElementById("status")!;
  element.className = `status ${status}`;
  if (element.textContent !== text) element.textContent = text;
  document.body.classList.toggle("stale", status === "lost");
}

/** The latest first, and not for ever. */
function logDifferences(told: Difference[]): void {
  if (told.length === 0) return;
  const list = document.getElementById("log")!;
  const time = new Date().toLocaleTimeString([], { hour12: false });
  const paths = { added: "M8 3v10M3 8h10", removed: "M3 8h10", changed: "M3 6h9l-3-3M13 10H4l3 3" };
  for (const { kind, subject, text } of told) {
    const item = make("li", kind);
    const body = make("div");
    body.append(foreign(subject, "mono"), make("span", "", text));
    item.append(make("time", "quiet", time), icon(paths[kind]), body);
    item.setAttribute("aria-label", `${kind}: ${subject}, ${text}`);
    list.prepend(item);
  }
  while (list.children.length > 100) list.lastElementChild!.remove();
  list.hidden = false;
  document.getElementById("no-log")!.hidden = true;
}

/** For the page's script. */
export const inPage: PageFunctions = [
  start,
  setStatus,
  logDifferences,
];
