/**
 * The page of `mif ui`: one document, with its style and its script in it.
 *
 * @module
 */

import { pageScript } from "./page/script.ts";
import { PAGE_STYLE } from "./page/style.ts";

const ICON = "data:image/svg+xml," + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2563c9"/>' +
    '<g fill="none" stroke="#fff" stroke-width="2.5"><path d="M9 16h4c4 0 3-6 7-6h2M13 16c4 0 3 6 7 6h2"/></g>' +
    '<g fill="#fff"><circle cx="8" cy="16" r="3"/><circle cx="24" cy="10" r="3"/><circle cx="24" cy="22" r="3"/></g></svg>',
);

/** The document. Its script and its style carry the nonce that the policy asks for; nothing of the host is in it. */
export function pageHtml(nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Provisioning domains</title>
<link rel="icon" href="${ICON}">
<style nonce="${nonce}">${PAGE_STYLE}</style>
</head>
<body>
<header>
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><path d="M8 16h5c4 0 3-6 7-6h4M13 16c4 0 3 6 7 6h4"/><circle cx="7" cy="16" r="3.5"/><circle cx="25" cy="10" r="3.5"/><circle cx="25" cy="22" r="3.5"/></svg>
  <div class="titles"><h1>Provisioning domains</h1><p class="quiet"><bdi id="host"></bdi> · <span id="level"></span></p></div>
  <p id="status" class="status" role="status">Connecting …</p>
</header>
<main>
  <form id="question" role="search" aria-label="Where a destination would go">
    <label for="to">Where would it go?</label>
    <input id="to" name="to" maxlength="255" placeholder="2001:db8::1, 192.0.2.1 or www.example.com" autocomplete="off" autocapitalize="off" spellcheck="false">
    <span class="by"><label for="by">names from</label>
    <select id="by" name="by"></select>
    <button id="ask">Ask</button></span>
  </form>
  <section id="answer" class="panel" aria-label="Answer" hidden></section>
  <p id="summary" class="unseen" role="status"></p>
  <ul id="remedies" aria-label="What can be done" hidden></ul>
  <section class="picture" aria-label="Interfaces, routers, PvDs and what they have">
    <div id="heads" class="heads" aria-hidden="true"><span>Interface</span><span>Router</span><span>Provisioning domain</span><span>Addresses and names</span></div>
    <svg id="wires" aria-hidden="true"></svg>
    <div id="bands"></div>
    <p id="left-out" class="quiet" hidden></p>
    <div id="empty" class="panel" hidden>
      <svg viewBox="0 0 120 60" aria-hidden="true"><path d="M29 30h18M73 30h18"/><circle cx="16" cy="30" r="9"/><circle cx="60" cy="30" r="9"/><circle cx="104" cy="30" r="9"/></svg>
      <h2>No provisioning domain</h2>
      <p>Nothing but loopback is up with an address on this machine. As soon as a network is there, it appears here.</p>
    </div>
    <div id="idle" class="idle" hidden><h2>Without a provisioning domain</h2><ul id="idle-list"></ul><p id="idle-more" class="quiet"></p></div>
  </section>
  <div class="below">
    <section class="panel" aria-labelledby="tables-title">
      <h2 id="tables-title">Policy routes</h2>
      <p id="no-tables" class="quiet">None is installed: <code>mif route install</code> gives each router a table of its own.</p>
      <table id="tables" hidden><thead><tr><th scope="col">Table</th><th scope="col"></th><th scope="col">From</th><th scope="col">Leaves by</th></tr></thead><tbody id="table-rows"></tbody></table>
    </section>
    <section class="panel" aria-labelledby="log-title">
      <h2 id="log-title">Changes</h2>
      <p id="no-log" class="quiet">None since this page was opened.</p>
      <ol id="log" role="log" aria-labelledby="log-title" tabindex="0" hidden></ol>
    </section>
  </div>
  <noscript><p class="panel">The picture is drawn by the page's script, which your browser does not run.</p></noscript>
</main>
<script type="module" nonce="${nonce}">
${pageScript()}</script>
</body>
</html>
`;
}
