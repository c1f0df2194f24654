// The server of `mif ui`: who is answered, with what, and that nobody else is.

import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import type { DestinationQuestion } from "../../cli/ui/destination.ts";
import { UiServer, type UiSource } from "../../cli/ui/server.ts";
import { MifError } from "../../mod.ts";
import { fuzzed } from "../fuzz.ts";
import { waitFor } from "../lab/mod.ts";
import { pictureInterface, pictureOf, picturePvd } from "./pictures.ts";

const LINK = pictureInterface("h0", 2);
const HOSTILE = '</script><img src=x onerror=alert(1)>"&';

/** What the server was asked, and what it shows. */
class Source implements UiSource {
  picture = pictureOf([LINK], [picturePvd(1, LINK, { id: HOSTILE })]);
  readonly questions: DestinationQuestion[] = [];
  change: () => void = () => {};
  watchers = 0;
  read = () => this.picture;
  whenChanged = (call: () => void) => {
    this.watchers++;
    this.change = call;
    return () => void this.watchers--;
  };
  answer = (question: DestinationQuestion) => {
    this.questions.push(question);
    if (question.to === "bad.example") {
      throw new MifError("no such name", { code: "EAI_NONAME", syscall: "getaddrinfo" });
    }
    const { to } = question;
    const system = { code: "ENETUNREACH", message: "no way" };
    return Promise.resolve({ to, address: to, addresses: [to], system, pvds: [] });
  };
}

/** A server for the time of a test. */
async function serving(use: (server: UiServer, source: Source) => Promise<void>): Promise<void> {
  const source = new Source();
  const server = await UiServer.start(source);
  try {
    await use(server, source);
  } finally {
    await server.close();
  }
}

const portOf = ({ url }: UiServer) => Number(new URL(url).port);
const tokenOf = ({ url }: UiServer) => new URL(url).searchParams.get("token")!;

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Sends bytes as they are, and reads until the server closes the connection. */
async function exchange(server: UiServer, request: string | Uint8Array): Promise<string> {
  const socket = connect(portOf(server), "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => text += chunk);
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write(request);
  await closed;
  return text;
}

async function get(
  server: UiServer,
  target: string,
  { method = "GET", host = "127.0.0.1", head = "" } = {},
): Promise<Answer> {
  const text = await exchange(
    server,
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${head}\r\n`,
  );
  const [heading = "", ...rest] = text.split("\r\n\r\n");
  const [line = "", ...lines] = heading.split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(":")[0]!.toLowerCase(), line.split(": ").slice(1).join(": ")]),
  );
  return { status: Number(line.split(" ")[1]), headers, body: rest.join("\r\n\r\n") };
}

/** A connection to the stream of events. */
function look(server: UiServer): { socket: Socket; text: () => string } {
  const socket = connect(portOf(server), "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => text += chunk).on("error", () => {});
  socket.write(`GET /events?token=${tokenOf(server)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  return { socket, text: () => text };
}

/** The same for large pictures, of which only the MTUs are kept. */
function lookForMtus(server: UiServer): { socket: Socket; mtus: number[] } {
  const { socket } = look(server);
  const mtus: number[] = [];
  let rest = "";
  socket.removeAllListeners("data").on("data", (chunk: string) => {
    rest = (rest + chunk).replaceAll(/"mtu":(\d+),/g, (_, mtu) => {
      mtus.push(Number(mtu));
      return "";
    }).slice(-16);
  });
  return { socket, mtus };
}

describe("who is answered", () => {
  test("who has the token, which is 128 bits and another one each time", async () => {
    const tokens = new Set<string>();
    for (let i = 0; i < 2; i++) {
      await serving(async (server) => {
        assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{22}$/);
        tokens.add(tokenOf(server));
        assert.equal((await get(server, `/?token=${tokenOf(server)}`)).status, 200);
      });
    }
    assert.equal(tokens.size, 2);
  });

  test("nobody without it, whatever they ask for", async () => {
    await serving(async (server, source) => {
      const token = tokenOf(server);
      const wrong = ["", "?", "?token=", `?token=${token.slice(1)}`, `?token=${token}x`];
      wrong.push(`?token=${token.toLowerCase()}X`, `?token=x&token=${token}`, `?TOKEN=${token}`);
      wrong.push(`?token=${"A".repeat(22)}`, `?token=${"%00".repeat(22)}`);
      for (const query of wrong) {
        for (const path of ["/", "/events", "/destination", "/nothing"]) {
          const { status, headers, body } = await get(server, path + query);
          assert.equal(status, 403, path + query);
          assert.equal(headers["content-type"], "text/plain; charset=utf-8");
          assert.doesNotMatch(body, new RegExp(token));
        }
      }
      assert.equal(source.watchers, 0);
    });
  });

  test("names of this host only: a name that is rebound to it is another's", async () => {
    await serving(async (server) => {
      const target = `/?token=${tokenOf(server)}`;
      const port = portOf(server);
      // A tunnel has a port of its own.
      const ours = ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"];
      for (const host of [...ours, ...ours.map((name) => `${name}:${port}`), "localhost:8080"]) {
        assert.equal((await get(server, target, { host })).status, 200, host);
      }
      const others = ["", "evil.example", `evil.example:${port}`, "127.0.0.1.evil.example"];
      others.push(
        "localhost.evil.example",
        "localhost@evil.example",
        "0.0.0.0",
        "127.0.0.2",
        "[::]",
      );
      others.push("localhost, evil.example", "evil.example localhost");
      for (const host of others) {
        const { status } = await get(server, target, { host });
        assert.ok(status === 421 || status === 400, `${host}: ${status}`);
      }
    });
  });

  test("GET only", async () => {
    await serving(async (server, source) => {
      for (const method of ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]) {
        const { status, headers } = await get(
          server,
          `/destination?to=::1&token=${tokenOf(server)}`,
          { method },
        );
        assert.deepEqual([status, headers.allow], [405, "GET"], method);
      }
      assert.deepEqual(source.questions, []);
    });
  });

  test("three paths only, and no target in absolute form", async () => {
    await serving(async (server) => {
      const query = `?token=${tokenOf(server)}`;
      for (const path of ["/favicon.ico", "/index.html", "//", "/events/", "/page/start.ts"]) {
        assert.equal((await get(server, path + query)).status, 404, path);
      }
      const { status } = await get(server, `http://127.0.0.1/${query}`);
      assert.ok(status === 403 || status === 400, String(status));
    });
  });
});

test("it listens on loopback, and a port that is taken is an error", async () => {
  await serving(async (server) => {
    const port = portOf(server).toString(16).toUpperCase().padStart(4, "0");
    const bound = [..."46"].flatMap((family) =>
      readFileSync(`/proc/net/tcp${family === "6" ? "6" : ""}`, "utf8").split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter(([, local = "", , state]) => state === "0A" && local.endsWith(`:${port}`))
        .map(([, local]) => local)
    );
    assert.deepEqual(bound, [`0100007F:${port}`]);
    await assert.rejects(UiServer.start(new Source(), portOf(server)), {
      name: "MifError",
      code: "EADDRINUSE",
    });
  });
});

describe("what is answered", () => {
  test("the page: nothing of the host is in it, and only its own script may run", async () => {
    await serving(async (server) => {
      const target = `/?token=${tokenOf(server)}`;
      const pages = [await get(server, target), await get(server, target)];
      const nonces = pages.map(({ headers, body }) => {
        const policy = headers["content-security-policy"] ?? "";
        const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
        assert.equal(Buffer.from(nonce, "base64").length, 16);
        assert.equal(
          policy,
          `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; ` +
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
            "require-trusted-types-for 'script'; trusted-types 'none'",
        );
        assert.equal(body.split(`nonce="${nonce}"`).length, 3);
        assert.equal(headers["content-type"], "text/html; charset=utf-8");
        assert.equal(headers["referrer-policy"], "no-referrer");
        assert.equal(headers["cache-control"], "no-store");
        assert.equal(headers["x-content-type-options"], "nosniff");
        assert.equal(headers["cross-origin-resource-policy"], "same-origin");
        for (const secret of [tokenOf(server), HOSTILE, "h0"]) assert.ok(!body.includes(secret));
        return nonce;
      });
      assert.notEqual(nonces[0], nonces[1]);
    });
  });

  test("events: the picture at once, each other one, and no more when the reader goes", async () => {
    await serving(async (server, source) => {
      const { socket, text } = look(server);
      await waitFor("the first picture", () => text().includes("event: picture\n"));
      assert.match(
        text(),
        /^HTTP\/1\.1 200 [^]*content-type: text\/event-stream; charset=utf-8\r\n/i,
      );
      const first = /^data: (.*)$/m.exec(text())![1]!;
      assert.deepEqual(JSON.parse(first), source.picture);
      source.picture = pictureOf([LINK], [], []);
      source.change();
      await waitFor("the next picture", () => text().includes(JSON.stringify(source.picture)));
      socket.destroy();
      await waitFor("the end of the watching", () => source.watchers === 0);
    });
  });

  test("a reader that does not read holds up nobody, and gets the last picture then", async () => {
    await serving(async (server, source) => {
      const slow = lookForMtus(server);
      slow.socket.pause();
      const quick = lookForMtus(server);
      const big = (mtu: number) =>
        pictureOf([pictureInterface("h".repeat(1 << 20), 2, { mtu })], []);
      for (let mtu = 1; mtu <= 24; mtu++) {
        source.picture = big(mtu);
        source.change();
        await waitFor("the quick reader", () => quick.mtus.includes(mtu), 30_000);
      }
      slow.socket.resume();
      await waitFor("the slow reader", () => slow.mtus.includes(24), 30_000);
      assert.ok(slow.mtus.length < 24, `${slow.mtus.length} of 24 pictures were kept for it`);
      slow.socket.destroy();
      quick.socket.destroy();
    });
  });

  test("no more than sixteen readers at once", async () => {
    await serving(async (server) => {
      const lookers = Array.from({ length: 16 }, () => look(server));
      await waitFor("all of them", () => lookers.every(({ text }) => text().includes("picture")));
      assert.equal((await get(server, `/events?token=${tokenOf(server)}`)).status, 503);
      lookers[0]!.socket.destroy();
      await waitFor("room for another", async () => {
        const another = look(server);
        await waitFor("an answer", () => another.text().includes("\r\n\r\n"));
        another.socket.destroy();
        return another.text().startsWith("HTTP/1.1 200");
      });
      for (const { socket } of lookers) socket.destroy();
    });
  });

  test("a question goes on as it is, and a refusal is told", async () => {
    await serving(async (server, source) => {
      const ask = (query: string) => get(server, `/destination?token=${tokenOf(server)}&${query}`);
      const { status, headers, body } = await ask(
        `to=${encodeURIComponent(` ${HOSTILE} `)}&pvd=42`,
      );
      assert.deepEqual(source.questions, [{ to: HOSTILE, pvd: 42 }]);
      assert.deepEqual([status, headers["content-type"]], [200, "application/json; charset=utf-8"]);
      assert.ok(body.includes(JSON.stringify(HOSTILE)));
      await ask("to=2001:db8::1");
      assert.deepEqual(source.questions[1], { to: "2001:db8::1", pvd: null });
      assert.ok(
        (await ask("to=bad.example")).body.includes(
          '{"code":"EAI_NONAME","message":"no such name"}',
        ),
      );
    });
  });

  test("a question that is none", async () => {
    await serving(async (server, source) => {
      const queries = [
        "",
        "to=",
        "to=%20",
        `to=${"x".repeat(256)}`,
        "to=::1&pvd=x",
        "to=::1&pvd=-1",
      ];
      queries.push("to=::1&pvd=1e3", `to=::1&pvd=${"9".repeat(16)}`);
      for (const query of queries) {
        const { status } = await get(server, `/destination?token=${tokenOf(server)}&${query}`);
        assert.equal(status, 400, query);
      }
      assert.deepEqual(source.questions, []);
    });
  });
});

test("closing ends all connections", async () => {
  const source = new Source();
  const server = await UiServer.start(source);
  const { socket, text } = look(server);
  await waitFor("the picture", () => text().includes("picture"));
  const closed = new Promise((resolve) => socket.on("close", resolve));
  await server.close();
  await closed;
  assert.equal(source.watchers, 0);
});

test("whatever comes, it answers the next one", { timeout: 120_000 }, async () => {
  await serving(async (server) => {
    const target = `/?token=${tokenOf(server)}`;
    const line = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.constantFrom(
        "Host: localhost",
        "Host: x",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
      ),
      fc.constantFrom("Expect: 100-continue", "Upgrade: websocket", "Connection: Upgrade", ""),
    );
    const request = fc.tuple(
      fc.constantFrom("GET", "POST", "CONNECT", "\u0000"),
      fc.oneof(
        fc.string({ maxLength: 300 }),
        fc.constantFrom(target, "/", "*", "//x", "/?%", "/?token=%FF"),
      ),
      fc.array(line, { maxLength: 8 }),
    ).map(([method, path, lines]) => `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(request, fc.string({ unit: "binary" })), async (text) => {
        const socket = connect(portOf(server), "127.0.0.1");
        socket.on("error", () => {});
        const closed = new Promise((resolve) => socket.on("close", resolve));
        await new Promise<void>((resolve) => socket.write(text, () => resolve()));
        socket.end();
        socket.resume();
        setTimeout(() => socket.destroy(), 20);
        await closed;
      }),
      { ...fuzzed, numRuns: Math.min(fuzzed.numRuns, 100) },
    );
    assert.equal((await get(server, target)).status, 200);
  });
});
