// Every TypeScript example of the README, as it stands there: it is sound, and it runs where its addresses and names exist.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Host,
  type LabRouter,
  labSkip,
  NETWORK_1,
  oneLink,
  SERVICE_IPV4,
  SERVICE_IPV6,
  World,
} from "../lab/mod.ts";
import { makeCertificates } from "../connection/certificates.ts";

const root = new URL("../../", import.meta.url);
const NAME = "www.example.com";
const lab = { skip: labSkip(), timeout: 60_000 };
const timeout = 120_000;

/** What the package exports, each under its own address. */
const entries: [name: string, path: string][] = [
  ['"@mif/sockets"', "mod.ts"],
  ['"@mif/sockets/mobility"', "lib/mobility/mod.ts"],
];

/** The blocks, with our own modules. */
const examples = [
  ...readFileSync(new URL("README.md", root), "utf8")
    .matchAll(/^```ts[^\n]*\n(.*?)^```$/gms),
]
  .map(([, text]) =>
    entries.reduce(
      (all, [name, path]) => all.replaceAll(name, JSON.stringify(new URL(path, root))),
      text!,
    )
  );

const directory = mkdtempSync(join(tmpdir(), "mif-readme-"));
after(() => rmSync(directory, { recursive: true }));
// They run as somebody else, too.
chmodSync(directory, 0o755);
const paths = examples.map((text, i) => {
  const path = join(directory, `example_${i + 1}.ts`);
  writeFileSync(path, text);
  return path;
});

test("the README has examples", () => assert.ok(examples.length >= 5));

// Bun checks no types.
const testInDeno = "deno" in process.versions ? test : () => {};

testInDeno("they are sound TypeScript", { timeout }, () => {
  const config = fileURLToPath(new URL("deno.json", root));
  const { status, stderr } = spawnSync(process.execPath, ["check", "--config", config, ...paths], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
});

/** What the examples ask for: the name, and a server of that name that an authority of ours vouches for. */
async function serveExamples({ host }: LabRouter, client: Host): Promise<string> {
  const { ca, cert, key } = makeCertificates([`DNS:${NAME}`]);
  const [caPath, certPath, keyPath] = ["ca", "cert", "key"].map((name) =>
    join(directory, `${name}.pem`)
  ) as [string, string, string];
  writeFileSync(caPath, ca);
  writeFileSync(certPath, cert);
  writeFileSync(keyPath, key);
  await host.dnsmasq({
    domains: ["example.com"],
    records: { [NAME]: [SERVICE_IPV6, SERVICE_IPV4] },
  });
  const servers = [NETWORK_1.routerAddress, NETWORK_1.routerIpv4];
  client.writeFile("/etc/resolv.conf", servers.map((each) => `nameserver ${each}\n`).join(""));
  const server = host.spawn([
    ...["openssl", "s_server", "-accept", "443", "-www"],
    ...["-cert", certPath, "-key", keyPath],
  ]);
  await server.waitForOutput(/ACCEPT/);
  return caPath;
}

describe("they run, without privileges", () => {
  for (const [i, path] of paths.entries()) {
    test(`example ${i + 1}`, lab, async () => {
      await using world = new World();
      const { host, r1 } = await oneLink(world);
      const ca = await serveExamples(r1, host);
      const { status, stderr } = await host.runScript(path, [], {
        unprivileged: true,
        env: { DENO_CERT: ca, NODE_EXTRA_CA_CERTS: ca },
      });
      assert.deepEqual([status, stderr], [0, ""]);
    });
  }
});
