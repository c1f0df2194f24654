/**
 * JSR and the npm registry on loopback, with one version of one package each: what a runtime asks of them to install it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { commandOutput } from "../lab/command.ts";

/** What is published. */
export interface Published {
  name: string;
  version: string;
}

/** Answers by path; everything else is 404, and remembered. */
export class LoopbackRegistry implements AsyncDisposable {
  readonly #server: Server;
  readonly #answers = new Map<string, Uint8Array | string>();
  /** Paths that were asked for and are not there. */
  readonly missed: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => {
      const answer = this.#answers.get(decodeURIComponent(request.url!));
      if (answer === undefined) this.missed.push(request.url!);
      response.writeHead(answer === undefined ? 404 : 200).end(answer);
    });
  }

  /** Starts it, empty. */
  static async start(): Promise<LoopbackRegistry> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new LoopbackRegistry(server);
  }

  /** `http://127.0.0.1:port/` */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** The environment in which Deno and Bun know no other registry. */
  get env(): Record<string, string> {
    return { JSR_URL: this.url, NPM_CONFIG_REGISTRY: this.url, NO_PROXY: "127.0.0.1" };
  }

  /** Publishes source files as JSR does: a manifest with the hash of each, and the files. */
  publishToJsr(
    { name, version }: Published,
    root: string,
    paths: readonly string[],
    exports: Record<string, string>,
  ): void {
    const files = paths.map((path) =>
      [path, new Uint8Array(readFileSync(join(root, path)))] as const
    );
    const manifest = files.map(([path, bytes]) => {
      const checksum = `sha256-${createHash("sha256").update(bytes).digest("hex")}`;
      return [`/${path}`, { size: bytes.length, checksum }];
    });
    const [scope, unscoped] = name.slice(1).split("/");
    this.#json(`/${name}/meta.json`, {
      ...{ scope, name: unscoped, latest: version },
      versions: { [version]: {} },
    });
    this.#json(`/${name}/${version}_meta.json`, {
      ...{ manifest: Object.fromEntries(manifest), exports },
    });
    for (const [path, bytes] of files) this.#answers.set(`/${name}/${version}/${path}`, bytes);
  }

  /** Publishes a directory as npm does: a tarball, and its package.json beside the hash of it. */
  publishToNpm(directory: string, tarball: string): void {
    commandOutput([
      ...["tar", "-czf", tarball, "-C", directory, "--transform", "s,^\\.,package,", "."],
    ]);
    const bytes = new Uint8Array(readFileSync(tarball));
    const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    const { name, version } = manifest as Published;
    const path = `/${name}/-/${version}.tgz`;
    const dist = {
      tarball: new URL(path, this.url).href,
      integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
      shasum: createHash("sha1").update(bytes).digest("hex"),
    };
    this.#answers.set(path, bytes);
    this.#json(`/${name}`, {
      ...{ name, "dist-tags": { latest: version } },
      versions: { [version]: { ...manifest, dist } },
    });
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #json(path: string, value: unknown): void {
    this.#answers.set(path, JSON.stringify(value));
  }
}
