// The systemd unit, as systemd itself sees it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { commandPath } from "../lab/command.ts";

const directory = fileURLToPath(new URL("../../systemd/", import.meta.url));

function analyze(...words: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync("systemd-analyze", words, {
    encoding: "utf8",
    env: { PATH: commandPath(), LC_ALL: "C" },
  });
  return { status, output: error?.message ?? stdout + stderr };
}

const { status, output } = analyze("--version");
const skip = status === 0 ? false : `no systemd-analyze: ${output}`;
if (skip) console.log(`Skipped, the unit is not checked: ${skip}`);

/** A copy whose program exists here, with drop-ins. */
function withUnit(dropIns: readonly string[], look: (unit: string) => void): void {
  const place = mkdtempSync(join(tmpdir(), "mif-unit-"));
  try {
    const unit = join(place, "mif.service");
    const text = readFileSync(join(directory, "mif.service"), "utf8");
    writeFileSync(unit, text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
    mkdirSync(`${unit}.d`);
    for (const name of dropIns) cpSync(join(directory, name), join(`${unit}.d`, name));
    look(unit);
  } finally {
    rmSync(place, { recursive: true });
  }
}

test("systemd finds nothing to say about the unit, alone and with each drop-in", { skip }, () => {
  for (const dropIns of [[], ["mif-routes.conf"], ["mif-additional-info.conf"]]) {
    withUnit(dropIns, (unit) => {
      assert.deepEqual(analyze("verify", "--man=no", unit), { status: 0, output: "" });
    });
  }
});

test("it may do little: systemd's measure of exposure is below two of ten", { skip }, (t) => {
  withUnit([], (unit) => {
    const { output } = analyze("security", "--offline=true", "--no-pager", unit);
    const exposure = /Overall exposure level for mif\.service: ([\d.]+)/.exec(output)?.[1];
    if (exposure === undefined && /unrecognized option/.test(output)) {
      return t.skip("this systemd-analyze cannot look at a file");
    }
    assert.ok(Number(exposure) < 2, output);
  });
});

test("it has the one capability that it needs, and the other with the routes only", () => {
  const capabilities = (name: string) =>
    [...readFileSync(join(directory, name), "utf8").matchAll(/^(\w*Capabilit\w*)=(.*)$/gm)]
      .map(([, key, value]) => `${key}=${value}`);
  assert.deepEqual(capabilities("mif.service"), [
    "AmbientCapabilities=CAP_NET_RAW",
    "CapabilityBoundingSet=CAP_NET_RAW",
  ]);
  assert.deepEqual(capabilities("mif-routes.conf"), [
    "AmbientCapabilities=CAP_NET_ADMIN",
    "CapabilityBoundingSet=CAP_NET_ADMIN",
  ]);
  assert.deepEqual(capabilities("mif-additional-info.conf"), []);
});
