// `--pvd`: an ID, a handle, or an interface that has one PvD.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pvdArgument } from "../../cli/pvd_argument.ts";
import { UsageError } from "../../cli/usage.ts";
import type { PvdInfo } from "../../mod.ts";

function pvd(id: string, handle: number, name: string): PvdInfo {
  const router = /^(.*)%/.exec(id)?.[1] ?? (id === name ? null : "fe80::9");
  const kind = router === "fe80::9" ? "explicit" : "implicit";
  return { id, handle, kind, router, interface: { name, index: 1 } } as unknown as PvdInfo;
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
    message:
      /give the handle of one of twin\.example \(15, fe80::9%eth2\), twin\.example \(16, fe80::9%eth3\)$/,
  });
  assert.throws(() => pvdArgument("eth0", []), { code: "ENONET", message: /none$/ });
});

test("an ID that a network has chosen is not taken for an interface or a handle", () => {
  for (
    const [id, own] of [["wlan0", WIRELESS], ["eth0.5", pvd("eth0.5", 17, "eth0.5")], [
      "11",
      WIRED,
    ]] as const
  ) {
    const stranger = { ...pvd("stranger.example", 99, "eth1"), id };
    assert.throws(() => pvdArgument(id, [stranger, own]), /more than one PvD/, id);
    assert.equal(pvdArgument("99", [stranger, own]), stranger);
  }
});

test("without --pvd the command is used wrongly", () => {
  for (const none of [undefined, ""]) assert.throws(() => pvdArgument(none, ALL), UsageError);
});
