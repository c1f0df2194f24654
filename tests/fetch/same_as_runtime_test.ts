/**
 * Each case is given to the runtime's own fetch and to ours, with the same server: what the server saw and what came
 * back must be the same. Where a runtime does not do what the standard says, the case says so.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { createFetch } from "../../mod.ts";
import { type Case, cases, type Outcome } from "./cases.ts";
import { EchoServer, type Seen } from "./echo_server.ts";

type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

const runtime = "Bun" in globalThis ? "Bun" : "Deno";
const ours = createFetch(null);
let server: EchoServer;

before(async () => {
  server = await EchoServer.start();
});

after(async () => {
  ours.close();
  await server[Symbol.asyncDispose]();
});

async function outcomeOf(fetch: Fetch, { input, init }: Case): Promise<Outcome> {
  const { origin, seen } = server;
  seen.length = 0;
  const outcome: Outcome = { seen: [] };
  try {
    const target = typeof input === "string" ? origin + input : input(origin);
    const response = await fetch(target, init?.());
    outcome.status = response.status;
    outcome.ok = response.ok;
    outcome.statusText = response.statusText;
    outcome.url = response.url.replace(origin, "");
    outcome.redirected = response.redirected;
    outcome.headers = [...response.headers].filter(([name]) => name !== "date");
    outcome.hasBody = response.body !== null;
    try {
      outcome.body = Buffer.from(await response.arrayBuffer()).toString("latin1");
    } catch (error) {
      outcome.bodyError = (error as Error).name;
    }
  } catch (error) {
    outcome.error = (error as Error).name;
  }
  outcome.seen = seen.map(comparable);
  return outcome;
}

/** What each runtime sends in its own way, and so do we. */
const OWN_FIELDS = ["accept-encoding", "accept-language", "connection"];

function comparable({ method, url, headers, body }: Seen): Seen {
  const boundary = headers.map(([, value]) => /boundary=(.*)/.exec(value)?.[1]).find(Boolean);
  const same = (text: string) => boundary ? text.replaceAll(boundary, "BOUNDARY") : text;
  return {
    method,
    url,
    headers: headers.filter(([name]) => !OWN_FIELDS.includes(name)).map((
      [name, value],
    ) => [name, same(value)]),
    body: same(body),
  };
}

/** A long text, in a difference of two outcomes, fills the screen. */
function shortened(outcome: Outcome): Outcome {
  const shown = (text: string) =>
    text.length < 1000
      ? text
      : `${text.length} bytes ${createHash("sha256").update(text).digest("hex")}`;
  const { body, seen } = outcome;
  return {
    ...outcome,
    ...(body === undefined ? {} : { body: shown(body) }),
    seen: seen.map((request) => ({ ...request, body: shown(request.body) })),
  };
}

for (const each of cases) {
  const { name, standard = {}, sent = {}, differs } = each;
  const own = differs?.[runtime];
  test(`fetch: ${name}${own ? ` (${own.why})` : ""}`, { timeout: 30_000 }, async () => {
    const theirs = shortened(await outcomeOf(fetch, each));
    const mine = await outcomeOf(ours, each);
    for (const [key, value] of Object.entries(standard)) {
      assert.ok(mine[key as keyof Outcome] === value, `${key}: ${mine[key as keyof Outcome]}`);
    }
    for (const [field, value] of Object.entries(sent)) {
      const found = mine.seen.at(-1)?.headers.find(([name]) => name === field)?.[1] ?? null;
      assert.equal(found, value, field);
    }
    const compared: Partial<Outcome> = shortened(mine);
    for (const key of own?.in ?? []) {
      delete compared[key];
      delete (theirs as Partial<Outcome>)[key];
    }
    assert.deepEqual(compared, theirs);
  });
}
