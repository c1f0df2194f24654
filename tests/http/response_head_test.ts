import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { bodyDecoder } from "../../lib/http/body_decoder.ts";
import {
  type Framing,
  framingOf,
  HEAD_SIZE_MAX,
  HeadReader,
  isPersistent,
  parseResponseHead,
} from "../../lib/http/response_head.ts";
import { fuzzed } from "../fuzz.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const parse = (...lines: string[]) => parseResponseHead(bytes(`${lines.join("\r\n")}\r\n\r\n`));
const unreadable = { name: "MifError", code: "EPROTO", errno: 71, syscall: "http" };

test("a status line and fields, as they are on the wire", () => {
  assert.deepEqual(parse("HTTP/1.1 200 OK", "Content-Type: text/plain", "X-Y:\t a, b \t", "x-y:"), {
    status: 200,
    statusText: "OK",
    isHttp10: false,
    fields: [["content-type", "text/plain"], ["x-y", "a, b"], ["x-y", ""]],
  });
  assert.equal(parse("HTTP/1.1 404 Not  Found\t").statusText, "Not  Found\t");
  assert.equal(parse("HTTP/1.1 200").statusText, "");
  assert.equal(parse("HTTP/1.1 200 ").statusText, "");
  assert.equal(parse("HTTP/1.9 999 caf\xe9").statusText, "caf\xe9");
  assert.equal(parse("HTTP/1.0 200 OK").isHttp10, true);
  assert.deepEqual(parse("HTTP/1.1 200 OK", "a: b", "  c", "\td ", "e: f").fields, [
    ["a", "b c d"],
    ["e", "f"],
  ]);
});

test("what two readers could understand differently is refused", () => {
  const heads = [
    ["HTTP/2 200 OK"],
    ["HTTP/1.1  200 OK"],
    ["HTTP/1.1 20 OK"],
    ["HTTP/1.1 2000 OK"],
    ["HTTP/1.1 099 OK"],
    ["HTTP/1.1 200OK"],
    ["http/1.1 200 OK"],
    ["ICY 200 OK"],
    ["", "HTTP/1.1 200 OK"],
    ["HTTP/1.1 200 O\0K"],
    ["HTTP/1.1 200 OK", "no colon"],
    ["HTTP/1.1 200 OK", ": no name"],
    ["HTTP/1.1 200 OK", "a : space before the colon"],
    ["HTTP/1.1 200 OK", "a b: space in the name"],
    ["HTTP/1.1 200 OK", " a: space in front of the first"],
    ["HTTP/1.1 200 OK", "a: b\rc: d"],
    ["HTTP/1.1 200 OK", "a: b\nc: d"],
    ["HTTP/1.1 200 OK\n", "a: b"],
    ["HTTP/1.1 200 OK", "a: b\0"],
    ["HTTP/1.1 200 OK", "a: b\x7f"],
    ["HTTP/1.1 200 OK", "\xe9: b"],
  ];
  for (const head of heads) assert.throws(() => parse(...head), unreadable, JSON.stringify(head));
});

test("where a body ends: RFC 9112 6.3", () => {
  const framing = (status: number, fields: string[], method = "GET", version = "1.1") =>
    framingOf(parse(`HTTP/${version} ${status} x`, ...fields), method);
  const none: Framing = { kind: "none" };
  assert.deepEqual(framing(200, ["Content-Length: 5"], "HEAD"), none);
  assert.deepEqual(framing(204, ["Content-Length: 5"]), none);
  assert.deepEqual(framing(304, ["Transfer-Encoding: chunked"]), none);
  assert.deepEqual(framing(101, []), none);
  assert.deepEqual(framing(200, ["Content-Length: 5"]), { kind: "length", length: 5 });
  assert.deepEqual(framing(200, ["Content-Length: 007"]), { kind: "length", length: 7 });
  const same = ["Content-Length: 5, 5", "Content-Length: 5"];
  assert.deepEqual(framing(200, same), { kind: "length", length: 5 });
  assert.deepEqual(framing(200, ["Transfer-Encoding: Chunked"]), { kind: "chunked" });
  assert.deepEqual(framing(200, []), { kind: "close" });
  assert.deepEqual(framing(404, [], "POST"), { kind: "close" });
  const refused: [string[], string?][] = [
    [["Content-Length: 5", "Transfer-Encoding: chunked"]],
    [["Transfer-Encoding: chunked"], "1.0"],
    [["Transfer-Encoding: gzip, chunked"]],
    [["Transfer-Encoding: chunked, chunked"]],
    [["Transfer-Encoding: identity"]],
    [["Transfer-Encoding: \x0bchunked".replace("\x0b", "x")]],
    [["Transfer-Encoding:"]],
    [["Content-Length: 5", "Content-Length: 6"]],
    [["Content-Length: +5"]],
    [["Content-Length: -1"]],
    [["Content-Length: 0x5"]],
    [["Content-Length: 5 5"]],
    [["Content-Length: 5,"]],
    [["Content-Length:"]],
    [["Content-Length: 1000000000000000"]],
  ];
  for (const [fields, version] of refused) {
    assert.throws(() => framing(200, fields, "GET", version), unreadable, fields.join());
  }
});

test("whether the connection stands after it", () => {
  const stands = (version: string, ...fields: string[]) =>
    isPersistent(parse(`HTTP/${version} 200 OK`, ...fields));
  assert.equal(stands("1.1"), true);
  assert.equal(stands("1.1", "Connection: Close"), false);
  assert.equal(stands("1.1", "Connection: foo, close"), false);
  assert.equal(stands("1.1", "Connection: foo", "Connection: close"), false);
  assert.equal(stands("1.0"), false);
  assert.equal(stands("1.0", "Connection: Keep-Alive"), true);
  assert.equal(stands("1.0", "Connection: keep-alive, close"), false);
});

test("a head may come in any pieces, and is bounded", () => {
  const head = "HTTP/1.1 200 OK\r\na: b\r\n\r\n";
  const whole = bytes(`${head}body\r\n\r\n`);
  for (let cut = 0; cut <= whole.length; cut++) {
    const reader = new HeadReader();
    const first = reader.take(whole.subarray(0, cut));
    const found = first ?? reader.take(whole.subarray(cut))!;
    const rest = first ? [...first.rest, ...whole.subarray(cut)] : [...found.rest];
    assert.equal(found.head.fields.length, 1);
    assert.equal(Buffer.from(rest).toString(), "body\r\n\r\n", `cut at ${cut}`);
  }
  const reader = new HeadReader();
  for (const byte of bytes(head.slice(0, -1))) {
    assert.equal(reader.take(new Uint8Array([byte])), null);
  }
  assert.equal(reader.take(bytes("\n"))!.rest.length, 0);
  // The next one is another.
  assert.equal(reader.take(bytes("HTTP/1.1 404 x\r\n\r\n"))!.head.status, 404);
  const filler = bytes("x: yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(1024));
  const endless = new HeadReader();
  assert.equal(endless.take(bytes("HTTP/1.1 200 OK\r\n")), null);
  assert.throws(() => {
    for (let size = 0; size <= HEAD_SIZE_MAX; size += filler.length) endless.take(filler);
  }, unreadable);
});

test("bytes of any kind are read or refused", () => {
  const piece = fc.oneof(
    fc.constantFrom("HTTP/1.1 200 OK", "\r\n", "\r\n\r\n", "\n", ":", " ", "a: b", "chunked"),
    fc.constantFrom("Content-Length", "Transfer-Encoding: ", "5", "0", "ffffffffffff", ";x=y"),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  );
  fc.assert(
    fc.property(fc.array(fc.array(piece, { maxLength: 12 }), { maxLength: 6 }), (parts) => {
      const reader = new HeadReader();
      const decoders = [
        bodyDecoder({ kind: "chunked" }),
        bodyDecoder({ kind: "length", length: 9 }),
      ];
      try {
        for (const part of parts) {
          const input = bytes(part.join(""));
          for (const decoder of decoders) {
            if (!decoder.done) assert.ok(decoder.decode(input.slice()).length <= input.length);
          }
          const found = reader.take(input);
          if (found) framingOf(found.head, "GET");
        }
      } catch (error) {
        assert.equal((error as { code?: string }).code, "EPROTO", String(error));
      }
    }),
    fuzzed,
  );
});
