// `--pvd`: an ID, a handle, or an interface that has one PvD.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pvdArgument } from "../../cli/pvd_argument.ts";
import { UsageError } from "../../cli/usage.ts";
import type { PvdInfo } from "../../mod.ts";

function pvd(id: string, handle: number, name: string): PvdInfo {
  return { id, handle, interface: { name, index: 1 } } as unknown as PvdInfo;
}

const WIRED = pvd("fe80::1%eth0", 11, "eth0");
const WIRED_4 = pvd("eth0", 12, "eth0");
const WIRELESS = pvd("fe80::2%wlan0", 13, "wlan0");
const NAMED = pvd("pvd.example.org", 14, "eth1");
const TWIN = pvd("twin.example", 15, "eth2");
const OTHER_TWIN = pvd("twin.example", 16, "eth3");
const ALL = [WIRED, WIRED_4, WIRELESS, NAMED, TWIN, OTHER_TWIN];

const rows: [text: string, pvd: PvdInfo][] = [
  ["fe80::1%eth0", WIRED],
  ["eth0", WIRED_4],
  ["11", WIRED],
  ["wlan0", WIRELESS],
  ["pvd.example.org", NAMED],
  ["PvD.Example.ORG.", NAMED],
  ["16", OTHER_TWIN],
];
for (const [text, expected] of rows) {
  test(`--pvd ${text}`, () => assert.equal(pvdArgument(text, ALL), expected));
}

test("a PvD that is not there, or not one, is an error that names those there are", () => {
  assert.throws(() => pvdArgument("nobody", ALL), { code: "ENONET", message: /wlan0 \(13\)/ });
  assert.throws(() => pvdArgument("twin.example", ALL), {
    code: "ENONET",
    message: /more than one .* twin\.example \(15\), twin\.example \(16\)$/,
  });
  assert.throws(() => pvdArgument("eth0", []), { code: "ENONET", message: /none$/ });
});

test("without --pvd the command is used wrongly", () => {
  for (const none of [undefined, ""]) assert.throws(() => pvdArgument(none, ALL), UsageError);
});
