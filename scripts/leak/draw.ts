/**
 * Draws what {@linkcode measureLeak} captured. Pure: the same frames are the same picture.
 *
 * @module
 */

import { DESTINATION, NETWORKS, type Outcome, type Sending } from "./measure.ts";

const WIDTH = 920;
const ROW = 210;
const TOP = 70;
/** Where the sockets and the routers stand. */
const SOCKET = { left: 40, right: 316, height: 46 };
const ROUTER = { left: 664, right: 896, height: 62 };

const TITLES: Record<Sending["how"], { title: string; code: string }> = {
  "plain": { title: "A plain socket", code: "bind(source); connect(); send()" },
  "library": { title: "A socket of this library", code: "setsockopt(s, pvd); connect(); send()" },
  "library, with routing rules": {
    title: "The same, once mif route install was run",
    code: "setsockopt(s, pvd); connect(); send()",
  },
};

const STYLE = `
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #17202b; }
.mono { font: 12.5px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.title { font-size: 16px; font-weight: 650; } .strong { font-weight: 650; } .quiet { fill: #586676; }
.box { fill: #fff; stroke: #cfd7e0; } .ground { fill: #f3f5f8; }
.n1 { stroke: #2563c9; } .n2 { stroke: #7c4fd0; } .f1 { fill: #2563c9; } .f2 { fill: #7c4fd0; }
.way { fill: none; stroke-width: 3; } .leak { stroke: #c5221f; stroke-dasharray: 3 6; stroke-linecap: round; stroke-width: 4; }
.bad { fill: #b3261e; } .good { fill: #147a48; } .bar { stroke: #b3261e; stroke-width: 5; stroke-linecap: round; }
@media (prefers-color-scheme: dark) {
text { fill: #e6ecf3; } .quiet { fill: #97a5b5; } .box { fill: #161d26; stroke: #37434f; } .ground { fill: #0d1218; }
.n1 { stroke: #6ea3ff; } .n2 { stroke: #b394ff; } .f1 { fill: #6ea3ff; } .f2 { fill: #b394ff; }
.leak { stroke: #ff7b72; } .bad { fill: #ff8a80; } .good { fill: #56cf8f; } .bar { stroke: #ff8a80; }
}`;

/** The picture, with what it was drawn from in its metadata. */
export function drawLeak(sendings: readonly Sending[]): string {
  const height = TOP + sendings.length * ROW + 14;
  const [first, second] = NETWORKS;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">Which router gets a packet: with plain sockets, and with this library</title>
<desc id="desc">${escape(describe(sendings))}</desc>
<metadata>${escape(JSON.stringify(sendings))}</metadata>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="14"/>
${text(24, 34, "One link, two routers: each gave the host an address of its own network", "title")}
${
    text(
      24,
      55,
      `${first.prefix} by router 1, ${second.prefix} by router 2; captured at both, to ${DESTINATION.address}`,
      "quiet",
    )
  }
${sendings.map((sending, i) => drawSending(sending, TOP + i * ROW)).join("\n")}
</svg>
`;
}

/** For those who do not see it. */
function describe(sendings: readonly Sending[]): string {
  return sendings.map(({ how, datagrams }) =>
    `${TITLES[how].title}: ${
      datagrams.map((outcome) => `from ${outcome.source} ${fateOf(outcome)}`).join("; ")
    }.`
  ).join(" ");
}

function fateOf({ source, refused, frames }: Outcome): string {
  if (refused !== null) return `refused with ${refused}, no packet left the host`;
  return frames.map(({ router, dstMac }) =>
    `router ${router} (${dstMac}) got it, ${
      ownRouter(source) === router ? "its own" : "which is not its own: a leak"
    }`
  ).join(" and ");
}

function ownRouter(source: string): 1 | 2 {
  return source === NETWORKS[0].hostAddress ? 1 : 2;
}

function drawSending({ how, datagrams }: Sending, top: number): string {
  const { title, code } = TITLES[how];
  const y = (i: number) => top + 66 + i * 72;
  return [
    `<rect class="box" x="12" y="${top + 4}" width="${WIDTH - 24}" height="${ROW - 14}" rx="12"/>`,
    text(28, top + 28, title, "strong"),
    text(WIDTH - 28, top + 28, code, "mono quiet", "end"),
    ...NETWORKS.map((network, i) => drawRouter(network.routerMac, network.prefix, i, y(i))),
    ...datagrams.map((outcome, i) => drawDatagram(outcome, i, y(i), y)),
  ].join("\n");
}

function drawRouter(mac: string, prefix: string, i: number, y: number): string {
  const { left, right, height } = ROUTER;
  return [
    `<rect class="box n${i + 1}" x="${left}" y="${y - height / 2 + 8}" width="${
      right - left
    }" height="${height}" rx="9"/>`,
    text(left + 14, y + 2, `Router ${i + 1}`, "strong"),
    text(right - 14, y + 2, prefix, "mono quiet", "end"),
    text(left + 14, y + 23, mac, "mono quiet"),
  ].join("\n");
}

function drawDatagram(
  outcome: Outcome,
  i: number,
  y: number,
  routerY: (i: number) => number,
): string {
  const { source, refused, frames } = outcome;
  const { left, right, height } = SOCKET;
  const middle = y + 8;
  const parts = [
    `<rect class="box n${i + 1}" x="${left}" y="${middle - height / 2}" width="${
      right - left
    }" height="${height}" rx="${height / 2}"/>`,
    `<circle class="f${i + 1}" cx="${left + 22}" cy="${middle}" r="6"/>`,
    text(left + 40, middle - 3, "from", "quiet"),
    text(left + 40, middle + 14, source, "mono"),
  ];
  if (refused !== null) {
    parts.push(
      `<path class="way n${i + 1}" d="M${right} ${middle}H${right + 44}"/>`,
      `<path class="bar" d="M${right + 52} ${middle - 15}V${middle + 15}"/>`,
      text(right + 68, middle - 4, `refused: ${refused}`, "strong bad"),
      text(right + 68, middle + 14, "no packet left the host", "quiet"),
    );
  }
  for (const { router } of frames) {
    const isOwn = ownRouter(source) === router;
    const end = routerY(router - 1) + 8 + (isOwn ? 0 : router === 1 ? 16 : -16);
    const bend = (ROUTER.left - right) / 2;
    const kind = isOwn ? `way n${i + 1}` : "way leak";
    const tip = isOwn ? `f${i + 1}` : "bad";
    parts.push(
      `<path class="${kind}" d="M${right} ${middle}C${right + bend} ${middle} ${
        ROUTER.left - bend
      } ${end} ${ROUTER.left - 10} ${end}"/>`,
      `<path class="${tip}" d="M${ROUTER.left} ${end}l-14 -7v14z"/>`,
      isOwn
        ? text(right + 14, middle - 9, "to its own router", "strong good")
        : text(right + 14, middle + 22, `leaks to router ${router}`, "strong bad") +
          text(right + 14, middle + 39, "whose provider drops such a source (BCP 38)", "quiet"),
    );
  }
  return parts.join("\n");
}

function text(x: number, y: number, content: string, kind = "", anchor = "start"): string {
  return `<text x="${x}" y="${y}"${kind === "" ? "" : ` class="${kind}"`}${
    anchor === "start" ? "" : ` text-anchor="${anchor}"`
  }>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
