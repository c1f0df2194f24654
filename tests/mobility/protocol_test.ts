import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { getprotobyname, getprotobynumber } from "../../lib/mobility/mod.ts";
import { protocolByName, protocolByNumber } from "../../lib/protocol.ts";
import { type HostFiles, UnreadableError } from "../../lib/sources/host_files.ts";
import { fuzzed } from "../fuzz.ts";
import { gccSkip, runC } from "../socket/c_program.ts";

/** A host whose /etc/protocols holds this, or cannot be read. */
const host = (text: string | null | Error): HostFiles => ({
  read: (path) => {
    assert.equal(path, "/etc/protocols");
    if (text instanceof Error) throw text;
    return text;
  },
  list: () => null,
});

test("the Mobility Header has its names on any host", () => {
  for (const name of ["ipv6-mh", "mobility-header", "mobility"]) {
    assert.equal(getprotobyname(name)?.p_proto, 135, name);
    for (const text of [null, "", "tcp 6 TCP\n", new UnreadableError("not read")]) {
      assert.equal(protocolByName(name, host(text))?.p_proto, 135, name);
    }
  }
  assert.equal(getprotobynumber(135)?.p_proto, 135);
});

test("what the file says counts before what everybody means", () => {
  const files = host("mobility-header\t135 Mobility-Header # RFC 3775\nipv6-mh 62\ntcp 6 TCP\n");
  assert.deepEqual(protocolByNumber(135, files), {
    p_name: "mobility-header",
    p_aliases: ["Mobility-Header", "mobility"],
    p_proto: 135,
  });
  assert.deepEqual(protocolByName("ipv6-mh", files), {
    p_name: "ipv6-mh",
    p_aliases: [],
    p_proto: 62,
  });
  assert.deepEqual(protocolByName("mobility", files), protocolByNumber(135, files));
  assert.deepEqual(protocolByName("ipv6-mh", host(null)), {
    p_name: "ipv6-mh",
    p_aliases: ["mobility-header", "Mobility-Header", "mobility"],
    p_proto: 135,
  });
});

test("an answer is the caller's own", () => {
  protocolByName("ipv6-mh", host(null))!.p_aliases.length = 0;
  assert.equal(protocolByName("ipv6-mh", host(null))!.p_aliases.length, 3);
});

test("lines that are none are passed over", () => {
  const files = host(
    "# tcp 7\nbroken\nbroken -1\nbroken 99999999999\n  padded  200  A  B#C\nlast 201",
  );
  assert.equal(protocolByName("broken", files), null);
  assert.deepEqual(protocolByName("B", files), {
    p_name: "padded",
    p_aliases: ["A", "B"],
    p_proto: 200,
  });
  assert.equal(protocolByNumber(201, files)?.p_name, "last");
  assert.equal(protocolByName("b", files), null);
  assert.equal(protocolByName("", files), null);
  assert.equal(protocolByNumber(-1, files), null);
});

test("any text is read", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(protocolByName("ipv6-mh", host(`${text}\n`)) === null, false);
    }),
    fuzzed,
  );
});

test("glibc finds the same in this host's file", { skip: gccSkip() }, () => {
  const source = readFileSync(new URL("protocol_oracle.c", import.meta.url), "utf8");
  const [walked, byNumber] = runC(source).split("by number\n") as [string, string];
  const ours = ["ipv6-mh", "mobility-header", "Mobility-Header", "mobility"];
  const lines = byNumber.trim().split("\n").filter(Boolean);
  for (const line of lines) {
    const [proto, p_name, ...aliases] = line.split(" ");
    const found = getprotobynumber(Number(proto));
    assert.equal(found?.p_name, p_name);
    // Those of the Mobility Header, and well-known ones, come behind the file's.
    assert.deepEqual(found!.p_aliases.slice(0, aliases.length), aliases);
  }
  for (const line of walked.trim().split("\n").filter(Boolean)) {
    const [proto, ...names] = line.split(" ");
    for (const name of names) {
      if (ours.includes(name)) continue;
      assert.equal(getprotobyname(name)?.p_proto, Number(proto), name);
    }
  }
});
