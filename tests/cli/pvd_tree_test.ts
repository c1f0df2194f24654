// The tree of `mif list`, and what a terminal is kept from.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { printable } from "../../cli/printable.ts";
import { type DescribedPvd, pvdTree, type Value } from "../../cli/pvd_tree.ts";
import type { PvdInfo } from "../../mod.ts";

function described(
  id: string,
  name: string,
  index: number,
  rows: [string, Value[]][] = [],
): DescribedPvd {
  const pvd = { id, interface: { name, index }, mtu: 1500, handle: 7 } as unknown as PvdInfo;
  return { pvd, origin: "implicit", rows };
}

const value = (text: string, remark = "") => ({ text, remark });

test("interfaces, PvDs and what they have, each below the other", () => {
  const tree = pvdTree([
    described("fe80::1%h0", "h0", 2, [
      ["addresses", [value("2001:db8::1/64", "valid 60 s"), value("fe80::2/64")]],
      ["DNS", [value("2001:db8::53", "NetworkManager")]],
    ]),
    described("h1", "h1", 3),
    described("h0", "h0", 2, [["note", [value("nothing is known")]]]),
  ]);
  assert.equal(
    stripVTControlCharacters(tree),
    `h0
├─ fe80::1%h0  implicit, MTU 1500, handle 7
│  ├─ addresses  2001:db8::1/64  valid 60 s
│  │             fe80::2/64
│  └─ DNS        2001:db8::53  NetworkManager
└─ h0  implicit, MTU 1500, handle 7
   └─ note       nothing is known

h1
└─ h1  implicit, MTU 1500, handle 7
`,
  );
});

test("nothing that a network or an interface's name holds commands the terminal", () => {
  const hostile = "a\x1b]0;owned\x07\u009b2J\u202eb\nc\u2028d";
  const shown = "a\\u{1b}]0;owned\\u{7}\\u{9b}2J\\u{202e}b\\u{a}c\\u{2028}d";
  assert.equal(printable(hostile), shown);
  const row: [string, Value[]] = ["search", [value(hostile, hostile), {
    ...value(hostile),
    faded: true,
  }]];
  const lines = stripVTControlCharacters(pvdTree([described(hostile, hostile, 2, [row])])).split(
    "\n",
  );
  assert.deepEqual(lines, [
    shown,
    `└─ ${shown}  implicit, MTU 1500, handle 7`,
    `   └─ search     ${shown}  ${shown}`,
    `                 ${shown}`,
    "",
  ]);
  // What names may hold without harm stays as it is.
  assert.equal(printable("é.@*-[$x] 網路"), "é.@*-[$x] 網路");
});
