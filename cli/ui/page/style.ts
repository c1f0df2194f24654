/**
 * How the page looks: light and dark, wide and narrow.
 *
 * @module
 */

/** The text of the page's style sheet. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f3f5f8; --card: #ffffff; --edge: #d9dfe7; --ink: #17202b; --quiet: #586676; --hair: #e8ecf1;
  --yes: #147a48; --yes-ground: #e4f5ec; --no: #b3261e; --no-ground: #fdeceb; --focus: #2563c9;
  --trunk: #a7b3c1; --shadow: 0 1px 3px rgb(20 30 45 / .08);
  --hue-0: #2563c9; --hue-1: #0d8276; --hue-2: #7c4fd0; --hue-3: #b8560b; --hue-4: #b93a78; --hue-5: #5d7a0a;
  --fresh: #ffd95a;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1218; --card: #161d26; --edge: #2b3643; --ink: #e6ecf3; --quiet: #97a5b5; --hair: #222c38;
    --yes: #56cf8f; --yes-ground: #12281e; --no: #ff8a80; --no-ground: #331a1a; --focus: #7aabff;
    --trunk: #4a596a; --shadow: 0 1px 2px rgb(0 0 0 / .4);
    --hue-0: #6ea3ff; --hue-1: #3fc4b4; --hue-2: #b394ff; --hue-3: #f0994c; --hue-4: #f283b6; --hue-5: #aecb4a;
    --fresh: #b98f10;
  }
}
[data-hue="0"] { --hue: var(--hue-0); } [data-hue="1"] { --hue: var(--hue-1); } [data-hue="2"] { --hue: var(--hue-2); }
[data-hue="3"] { --hue: var(--hue-3); } [data-hue="4"] { --hue: var(--hue-4); } [data-hue="5"] { --hue: var(--hue-5); }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
h1, h2, h3, h4, p, ul, ol, dl, dd { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 19px; line-height: 1.2; letter-spacing: -.01em; }
h2 { font-size: 15px; }
h3 { font-size: 15px; line-height: 1.3; overflow-wrap: anywhere; }
bdi { overflow-wrap: anywhere; }
.mono, code { font-family: var(--mono); font-size: .93em; }
.quiet { color: var(--quiet); }
.icon { width: 16px; height: 16px; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }

header { display: flex; align-items: center; gap: 14px; max-width: 1320px; margin: 0 auto; padding: 20px 24px 0; }
.mark { width: 38px; height: 38px; flex: none; fill: var(--hue-0); }
.mark path { fill: none; stroke: var(--hue-0); stroke-width: 2.5; }
.titles { flex: 1; min-width: 0; }
.status { display: flex; align-items: center; gap: 8px; padding: 5px 12px; border-radius: 99px; background: var(--card); border: 1px solid var(--edge); font-weight: 600; font-size: 13px; }
.status::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--quiet); flex: none; }
.status.live { color: var(--yes); } .status.live::before { background: currentColor; }
.status.lost { color: var(--no); border-color: currentColor; } .status.lost::before { background: currentColor; }
.stale #answer, .stale .picture, .stale .below { opacity: .55; }
main { max-width: 1320px; margin: 0 auto; padding: 18px 24px 48px; }

#question { display: flex; flex-wrap: wrap; align-items: center; gap: 10px; padding: 12px 14px; background: var(--card); border: 1px solid var(--edge); border-radius: 14px; box-shadow: var(--shadow); }
#question label { font-weight: 600; }
#question .by { display: flex; align-items: center; gap: 10px; flex: 0 1 auto; min-width: 0; }
#question .by label { font-weight: 400; color: var(--quiet); }
input, select, button { font: inherit; color: inherit; }
#question input, #question select { min-width: 0; padding: 7px 10px; border: 1px solid var(--edge); border-radius: 9px; background: var(--ground); }
#question input { flex: 1 1 240px; font-family: var(--mono); font-size: 13px; }
#question select { flex: 0 1 260px; text-overflow: ellipsis; }
#question button { padding: 7px 18px; border: 0; border-radius: 9px; background: var(--hue-0); color: var(--card); font-weight: 650; cursor: pointer; }
#question button[aria-busy] { opacity: .6; }
.panel { background: var(--card); border: 1px solid var(--edge); border-radius: 14px; padding: 16px 18px; box-shadow: var(--shadow); }

#answer { margin-top: 12px; }
#answer h3 { margin-bottom: 10px; }
.others { display: flex; flex-wrap: wrap; align-items: baseline; gap: 6px; margin-bottom: 10px; }
.chip { padding: 2px 9px; border-radius: 99px; border: 1px solid var(--edge); background: none; cursor: pointer; }
table { border-collapse: collapse; width: 100%; text-align: left; }
th { font-weight: 600; vertical-align: top; }
thead th { color: var(--quiet); font-size: 12px; padding: 0 12px 6px 0; border-bottom: 1px solid var(--edge); }
tbody th, tbody td { padding: 9px 12px 9px 0; border-bottom: 1px solid var(--hair); vertical-align: top; }
tbody tr:last-child > * { border-bottom: 0; padding-bottom: 2px; }
.ways th[scope=row] { width: 26%; } .ways td { width: 37%; }
.show { display: flex; gap: 8px; align-items: baseline; padding: 2px 8px; margin: -2px 0 0 -8px; border: 0; border-radius: 8px; background: none; text-align: left; font-weight: 600; cursor: pointer; }
.show:hover { background: var(--ground); }
.chosen .show { background: var(--ground); box-shadow: inset 0 0 0 1px var(--edge); }
.dot { flex: none; width: 10px; height: 10px; border-radius: 50%; background: var(--hue, var(--quiet)); }
.chosen .dot { box-shadow: 0 0 0 3px color-mix(in srgb, var(--hue, var(--quiet)) 30%, transparent); }
.verdict, .verdicts li { display: flex; gap: 8px; align-items: flex-start; }
.verdict .icon, .verdicts .icon { margin-top: 2px; }
.yes > .icon { color: var(--yes); } .no > .icon { color: var(--no); }
.yes strong { color: var(--yes); } .no strong { color: var(--no); }
.code { font-size: 11px; font-weight: 600; padding: 1px 5px; border-radius: 5px; background: var(--no-ground); color: var(--no); }
.reason { color: var(--quiet); font-size: 12.5px; overflow-wrap: anywhere; }

#remedies { display: grid; gap: 4px; margin-top: 12px; padding: 9px 14px; border-radius: 12px; background: color-mix(in srgb, var(--fresh) 17%, var(--card)); font-size: 13px; }
#remedies li { display: flex; gap: 8px; border-radius: 8px; } #remedies .icon { margin-top: 1px; } #remedies code { font-weight: 650; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.picture { position: relative; margin-top: 20px; }
#wires { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; pointer-events: none; }
.wire { fill: none; stroke: var(--hue, var(--trunk)); stroke-width: 2; opacity: .75; }
.wire.trunk { stroke: var(--trunk); opacity: 1; }
.wire.way { stroke-width: 4; opacity: 1; stroke-dasharray: 9 6; animation: flow 1s linear infinite; }
.wire.leak { stroke: var(--no); stroke-width: 4; opacity: 1; stroke-dasharray: 3 6; stroke-linecap: round; animation: flow 1.2s linear infinite; }
@keyframes flow { to { stroke-dashoffset: 30; } }
.picture { --first: 172px; --second: 200px; --gap: 48px; }
.heads, .band { display: grid; grid-template-columns: var(--first) minmax(0, 1fr); column-gap: var(--gap); }
.heads { grid-template-columns: var(--first) var(--second) minmax(0, 10fr) minmax(0, 9fr); padding-bottom: 8px; color: var(--quiet); font-size: 12px; font-weight: 600; }
.groups, .lanes { display: flex; flex-direction: column; gap: 16px; }
.group { display: grid; grid-template-columns: var(--second) minmax(0, 1fr); column-gap: var(--gap); }
.lane { display: grid; grid-template-columns: minmax(0, 10fr) minmax(0, 9fr); column-gap: var(--gap); align-items: center; }
.column { display: flex; flex-direction: column; justify-content: center; gap: 12px; min-width: 0; }
.band + .band { margin-top: 22px; padding-top: 22px; border-top: 1px dashed var(--edge); }
.card { position: relative; background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 11px 14px 12px; box-shadow: var(--shadow); min-width: 0; }
.kicker { font-size: 11.5px; font-weight: 600; color: var(--quiet); }
.card.interface { border-top: 4px solid var(--trunk); }
.card.interface h3 { font-size: 20px; }
.card.pvd h3 { font-size: 16px; }
.card.router h3 { font-size: 13.5px; font-weight: 600; }
.card.down { border-style: dashed; box-shadow: none; }
.card.pvd { border-left: 5px solid var(--hue); }
.card.pvd .kicker { color: var(--hue); }
.pvd .kicker { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 8px; }
.badge:not(:empty) { padding: 0 8px; border-radius: 99px; background: color-mix(in srgb, var(--hue) 14%, transparent); }
.verdicts { display: grid; gap: 8px; margin-top: 10px; } .verdicts li { border-radius: 8px; }
details { margin-top: 10px; border-top: 1px solid var(--hair); padding-top: 8px; }
summary { cursor: pointer; color: var(--quiet); font-size: 12.5px; }
dl > div { display: grid; grid-template-columns: 104px 1fr; gap: 8px; margin-top: 6px; font-size: 12.5px; }
dt { color: var(--quiet); }
.card.leaf { box-shadow: none; border-color: color-mix(in srgb, var(--hue) 35%, var(--edge)); padding: 9px 14px 10px; }
.leaf ul:not(.chips) { display: grid; gap: 3px; margin-top: 3px; }
.fold:not(.open) > ul > li:nth-child(n+7) { display: none; }
.fold > .chip { margin-top: 6px; font-size: 12px; color: var(--quiet); }
.leaf li { display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 12px; font-size: 13.5px; border-radius: 5px; }
.leaf li .quiet { font-size: 12px; }
.leaf li.faded > .mono { color: var(--quiet); }
.chips { display: flex; flex-wrap: wrap; gap: 5px; }
.chips:not(:empty) { margin-top: 7px; }
.leaf .chips li { padding: 1px 9px; border-radius: 99px; background: color-mix(in srgb, var(--hue) 13%, transparent); font-size: 12.5px; }
#empty { display: grid; justify-items: center; gap: 8px; padding: 48px 20px; text-align: center; color: var(--quiet); border-style: dashed; box-shadow: none; }
#empty h2 { color: var(--ink); font-size: 18px; }
#empty p { max-width: 44ch; }
#empty svg { width: 130px; fill: none; stroke: var(--trunk); stroke-width: 3; }
#empty path { stroke-dasharray: 4 4; }
#left-out { margin-top: 22px; } .idle { margin-top: 22px; } .idle h2 { font-size: 12px; color: var(--quiet); margin-bottom: 8px; }
#idle-list { display: flex; flex-wrap: wrap; gap: 8px; }
#idle-list li { display: flex; gap: 8px; padding: 4px 11px; border: 1px dashed var(--edge); border-radius: 9px; }

.below { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 16px; margin-top: 26px; align-items: start; }
.below h2 { margin-bottom: 10px; }
#tables { font-size: 13px; } .sources bdi { display: block; } tr.closed { color: var(--quiet); }
#log { display: grid; gap: 7px; max-height: 300px; overflow: auto; font-size: 13px; }
#log li { display: grid; grid-template-columns: auto 16px minmax(0, 1fr); gap: 8px; }
#log li > div { display: flex; flex-wrap: wrap; column-gap: 8px; }
#log .added > .icon { color: var(--yes); } #log .removed > .icon { color: var(--no); } #log .changed > .icon { color: var(--hue-0); }

.fresh { animation: fresh 4s ease-out; }
@keyframes fresh { from { box-shadow: 0 0 0 3px var(--fresh); background-color: color-mix(in srgb, var(--fresh) 30%, var(--card)); } }

@media (max-width: 1180px) {
  .picture { --first: 164px; --second: 172px; --gap: 34px; }
}
@media (max-width: 999px) {
  .heads { display: none; }
  .below { grid-template-columns: minmax(0, 1fr); }
  #question input { flex-basis: 60%; } #question .by { flex: 1 1 100%; } #question select { flex-grow: 1; }
  .band, .group, .lane { display: flex; flex-direction: column; gap: 12px; }
  .groups { margin-left: 26px; } .lanes { margin-left: 26px; } .leaves { margin-left: 26px; align-self: stretch; }
  .groups, .lanes { gap: 18px; }
  .card.pvd { align-self: stretch; }
}
@media (max-width: 620px) {
  header { padding: 14px 14px 0; gap: 10px; } main { padding: 14px 14px 40px; }
  .mark { width: 30px; height: 30px; } h1 { font-size: 17px; }
  #question > *, #question .by { flex: 1 1 100%; } #question select { flex: 1 1 0; }
  .groups, .lanes, .leaves { margin-left: 20px; }
  .ways thead { display: none; } .ways tr, .ways th, .ways td { display: block; width: auto !important; }
  .ways tr { padding: 8px 0; border-bottom: 1px solid var(--hair); } .ways tr > * { border: 0 !important; padding: 3px 0 !important; }
  .ways td[data-label]::before { content: attr(data-label); display: block; color: var(--quiet); font-size: 12px; }
  .ways td:not([data-label], [colspan]) { display: none; }
}
@media (prefers-reduced-motion: reduce) {
  .wire { animation: none !important; }
  .fresh { animation: none; box-shadow: 0 0 0 3px var(--fresh); }
}
`;
