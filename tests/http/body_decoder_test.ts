import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { bodyDecoder } from "../../lib/http/body_decoder.ts";
import { fuzzed } from "../fuzz.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

/** Decodes pieces up to the end of the body; what is behind it comes back too. */
function decodeAll(kind: "chunked" | "close" | number, ...pieces: (string | Uint8Array)[]) {
  const decoder = bodyDecoder(
    typeof kind === "number" ? { kind: "length", length: kind } : { kind },
  );
  let body = "";
  let behind = "";
  for (const piece of pieces) {
    const input = typeof piece === "string" ? bytes(piece) : piece.slice();
    const whole = Buffer.from(input).toString("latin1");
    if (decoder.done) behind += whole;
    else {
      body += Buffer.from(decoder.decode(input)).toString("latin1");
      behind += decoder.rest === 0 ? "" : whole.slice(-decoder.rest);
    }
  }
  return { body, behind, done: decoder.done };
}

test("a length, and what is behind it", () => {
  assert.deepEqual(decodeAll(5, "hel", "lo"), { body: "hello", behind: "", done: true });
  assert.deepEqual(decodeAll(5, "hello!", "?"), { body: "hello", behind: "!?", done: true });
  assert.deepEqual(decodeAll(5, "hell"), { body: "hell", behind: "", done: false });
  assert.deepEqual(decodeAll(0, ""), { body: "", behind: "", done: true });
  assert.deepEqual(decodeAll("close", "a", "b"), { body: "ab", behind: "", done: false });
});

test("chunks: RFC 9112 7.1", () => {
  const chunked = (...pieces: string[]) => decodeAll("chunked", ...pieces);
  const whole = { body: "hello world", behind: "", done: true };
  assert.deepEqual(chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), whole);
  assert.deepEqual(chunked('5;a=b;c="d"\r\nhello\r\n06 ;x\r\n world\r\n000\r\n\r\n'), whole);
  assert.deepEqual(chunked("5\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\nb:\r\n\r\n"), whole);
  assert.deepEqual(chunked("1\r\na\r\n0\r\n\r\nHTTP"), { body: "a", behind: "HTTP", done: true });
  assert.equal(chunked("A\r\n0123456789\r\n0\r\n\r\n").body, "0123456789");
  assert.equal(chunked("0\r\n\r").done, false);
});

test("chunks that two readers could count differently are refused", () => {
  const refused = [
    "\r\n",
    "x\r\n",
    "-1\r\n",
    "+1\r\na\r\n",
    "0x1\r\na\r\n",
    " 1\r\na\r\n",
    "1 1\r\na\r\n",
    "1\na\n0\n\n",
    "1\r\na\n0\r\n\r\n",
    "1\r\nab\r\n0\r\n\r\n",
    "1\rx\na\r\n",
    "1;a\rb\r\na\r\n",
    "1;a\0b\r\na\r\n",
    "1000000000000\r\n",
    `1;${"x".repeat(5000)}\r\na\r\n`,
    `0\r\n${`a: ${"b".repeat(4000)}\r\n`.repeat(20)}\r\n`,
  ];
  for (const text of refused) {
    assert.throws(() => decodeAll("chunked", text), { code: "EPROTO" }, JSON.stringify(text));
  }
});

test("a chunked body comes back whole, however it is cut into chunks and pieces", () => {
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 8 }),
      fc.array(fc.nat({ max: 30 }), { maxLength: 30 }),
      (chunks, cuts) => {
        const wire = Buffer.concat([
          ...chunks.flatMap((data) => [`${data.length.toString(16)}\r\n`, data, "\r\n"]),
          "0\r\nx: y\r\n\r\n",
        ].map((part) => typeof part === "string" ? Buffer.from(part) : part));
        const pieces: Uint8Array[] = [];
        let at = 0;
        for (const cut of cuts) pieces.push(new Uint8Array(wire.subarray(at, at += cut)));
        pieces.push(new Uint8Array(wire.subarray(at)));
        assert.deepEqual(decodeAll("chunked", ...pieces), {
          body: Buffer.concat(chunks).toString("latin1"),
          behind: "",
          done: true,
        });
      },
    ),
    fuzzed,
  );
});
