// Every link of the documents leads to a file that is there, and to a heading that is; who reads the README or a guide in the
// package that was installed finds them there too.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { before, describe, test } from "node:test";
import { publishedFiles } from "../../scripts/pack.ts";
import { ROOT } from "../../scripts/toolchain.ts";

const isDocument = (name: string) => name.endsWith(".md");
const guides = readdirSync(join(ROOT, "docs")).filter(isDocument).map((name) => `docs/${name}`);
const documents = [...readdirSync(ROOT).filter(isDocument), ...guides];

/** Without what is shown as code. */
const prose = (path: string) =>
  readFileSync(join(ROOT, path), "utf8").replace(/^```.*?^```$/gms, "");

/** Where a document's links lead within this tree: from the root, and the heading. */
function links(path: string): { target: string; heading: string | undefined }[] {
  return [...prose(path).matchAll(/\]\((?!\w+:)([^)\s]+)\)|(?:src|href)="(?!\w+:)([^"]+)"/g)]
    .map(([, inline, attribute]) => (inline ?? attribute)!.split("#"))
    .map(([file = "", heading]) => ({
      target: file === "" ? path : normalize(join(path, "..", file)),
      heading,
    }));
}

/** The headings of a document, as links name them. */
function headings(path: string): string[] {
  return [...prose(path).matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
    text!.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(" ", "-")
  );
}

describe("links lead somewhere", () => {
  test("there are many", () => {
    assert.ok(documents.length >= 10, documents.join());
    assert.ok(documents.flatMap(links).length >= 20);
  });

  for (const path of documents) {
    test(path, () => {
      for (const { target, heading } of links(path)) {
        assert.ok(existsSync(join(ROOT, target)), target);
        if (heading !== undefined) {
          assert.ok(headings(target).includes(heading), `${target}#${heading}`);
        }
      }
    });
  }

  test("docs/README.md has every guide", () => {
    const linked = links("docs/README.md").map(({ target }) => target);
    assert.deepEqual(guides.filter((path) => !linked.includes(path)), ["docs/README.md"]);
  });
});

describe("in the package too", { timeout: 60_000 }, () => {
  let published: string[];
  before(() => void (published = publishedFiles()));
  const has = (path: string) =>
    published.some((file) => file === path || file.startsWith(`${path}/`));

  for (const path of ["README.md", ...guides]) {
    test(path, { timeout: 60_000 }, () => {
      assert.ok(has(path));
      assert.deepEqual(
        links(path).map(({ target }) => target).filter((target) => !has(target)),
        [],
      );
      // What it names as a file, and is one of ours.
      const named = [...prose(path).matchAll(/`([\w-]+\/[\w./-]+)`/g)].map(([, file]) => file!);
      assert.deepEqual(named.filter((file) => existsSync(join(ROOT, file)) && !has(file)), []);
    });
  }
});
