// Importing does nothing: it needs no permission, and on other systems it works too.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { exportedModules } from "../../scripts/pack.ts";
import { scriptArgv } from "../lab/enter.ts";

const script = fileURLToPath(new URL("./platform_script.ts", import.meta.url));
const timeout = 60_000;

describe("on another system what needs no network works, and the rest says why not", () => {
  for (const platform of ["darwin", "win32"]) {
    test(platform, { timeout }, () => {
      const [runtime, ...words] = scriptArgv(script);
      const { stdout, stderr } = spawnSync(runtime!, [...words, platform], { encoding: "utf8" });
      assert.equal(stderr, "");
      assert.deepEqual(JSON.parse(stdout), {
        pure: true,
        said: [
          "MifError ENOSYS Cannot open the native library: " +
          `it is for Linux, and this is ${platform}`,
        ],
      });
    });
  }
});

/** By their URLs. A program is none of them: it looks at its arguments and its environment first. */
const modules = Object.entries(exportedModules()).filter(([name]) => name !== "./cli")
  .map(([name, path]) => [name, new URL(`../../${path}`, import.meta.url).href] as const);

describe("an import looks at nothing", () => {
  const importing = fileURLToPath(new URL("./import_script.ts", import.meta.url));
  const touched = (url: string): string[] => {
    const [runtime, ...words] = scriptArgv(importing);
    const { stdout, stderr } = spawnSync(runtime!, [...words, url], { encoding: "utf8" });
    assert.equal(stderr, "");
    return JSON.parse(stdout);
  };

  for (const [name, url] of modules) {
    test(name, { timeout }, () => assert.deepEqual(touched(url), []));
  }

  test("what looks is seen", { timeout }, () => {
    const directory = mkdtempSync(join(tmpdir(), "mif-import-"));
    after(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "looking.mjs");
    writeFileSync(
      path,
      'import process from "node:process";\nexport const it = [process.env.HOME, process.geteuid()];\n',
    );
    assert.deepEqual(touched(pathToFileURL(path).href), ["env.HOME", "geteuid"]);
  });
});

// Bun has no permissions.
const describeInDeno = "deno" in process.versions ? describe : () => {};

describeInDeno("an import without any permission", () => {
  for (const [name, url] of modules) {
    test(name, { timeout }, () => {
      const source = `import * as all from ${JSON.stringify(url)};` +
        `if (Object.keys(all).length === 0) throw new Error("nothing is exported");`;
      // The harmless flag keeps Deno's node:child_process from adding -A to a deno without any.
      const words = ["run", "--no-prompt", "--no-config", "--allow-sys=hostname", "--ext=ts", "-"];
      const { stdout, stderr, status } = spawnSync(process.execPath, words, {
        input: source,
        encoding: "utf8",
      });
      assert.deepEqual([status, stdout, stderr], [0, "", ""]);
    });
  }
});
