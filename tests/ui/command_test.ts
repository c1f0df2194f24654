// The command `mif ui` in the runtime that runs this, with and without privileges.

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Caller, mif } from "../kernel/mif.ts";
import { labSkip, NETWORK_1, oneLink, World } from "../lab/mod.ts";

const runtime = "deno" in process.versions ? "deno" : "bun";
const ROOT: Caller = { runtime, unprivileged: false };
const NOBODY: Caller = { runtime, unprivileged: true };
const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const lab = { skip: labSkip(), timeout: 120_000 };

/** The first event of the stream, as somebody without a browser would read it. */
const FIRST_EVENT = `
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1].replace("/?", "/events?")) as events:
    print(events.readline().decode(), events.readline().decode())
`;

test("it prints its URL, serves there, and ends by a signal", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  for (const caller of [ROOT, NOBODY]) {
    const ui = host.spawnScript(cli, ["ui"], caller);
    const [url] = await ui.waitForOutput(/^http:\S+$/m, 60_000);
    const { status, stdout } = await host.run(["python3", "-c", FIRST_EVENT, url]);
    assert.equal(status, 0);
    assert.match(stdout, /^event: picture$/m);
    assert.ok(stdout.includes(NETWORK_1.hostAddress));
    const taken = await mif(host, caller, "ui", "--port", new URL(url).port);
    assert.equal(taken.status, 1);
    assert.match(taken.stderr, /^mif ui: Cannot listen on 127\.0\.0\.1 port \d+: .*\n$/);
    process.kill(ui.pid, "SIGTERM");
    assert.deepEqual([(await ui.exited).status, ui.stderr], [0, ""]);
  }
});

test("it is used wrongly, or may not ask the routers", lab, async () => {
  await using world = new World();
  const { host } = await oneLink(world);
  for (const words of [["--port", "65536"], ["--port", "x"], ["here"]]) {
    const { status, stdout } = await mif(host, ROOT, "ui", ...words);
    assert.deepEqual([status, stdout], [2, ""], words.join(" "));
  }
  const { status, stdout, stderr } = await mif(host, NOBODY, "ui", "--solicit");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /CAP_NET_RAW/);
});
