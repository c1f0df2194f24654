/**
 * The server of server.py, as a process.
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Debian's own, which has Debian's packages; another may come first in PATH. */
const PYTHON = "/usr/bin/python3";
const script = fileURLToPath(new URL("server.py", import.meta.url));

/** Why it cannot be started, or false. */
export function pythonSkip(): string | false {
  const { status } = spawnSync(PYTHON, ["-c", "import websockets"]);
  if (status === 0) return false;
  const reason = "python3-websockets is not installed";
  console.log(`Skipped: ${reason}`);
  return reason;
}

/** The command line of one that listens here; "" is all addresses. */
export function pythonServerArgv(address: string, port: number): string[] {
  return [PYTHON, script, address, String(port)];
}

/** Runs until it is disposed of. */
export class PythonServer implements Disposable {
  readonly #child: ChildProcess;
  readonly #directory: string;
  /** "ws://127.0.0.1:…" or "wss://…", without a slash at the end. */
  readonly origin: string;

  private constructor(child: ChildProcess, directory: string, origin: string) {
    this.#child = child;
    this.#directory = directory;
    this.origin = origin;
  }

  /** Starts one, with TLS where a certificate is given. */
  static async start(certificate?: { cert: string; key: string }): Promise<PythonServer> {
    const directory = mkdtempSync(join(tmpdir(), "mif-websocket-"));
    const files = Object.entries(certificate ?? {}).filter(([name]) => name !== "ca")
      .map(([name, text]) => {
        const path = join(directory, name);
        writeFileSync(path, text);
        return path;
      });
    const [program, ...words] = pythonServerArgv("127.0.0.1", 0);
    const child = spawn(program!, [...words, ...files], { stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout!.on("data", (chunk) => resolve(String(chunk).trim()));
      child.on("exit", (status) => reject(new Error(`server.py ended with ${status}`)));
    });
    const scheme = certificate ? "wss" : "ws";
    return new PythonServer(child, directory, `${scheme}://127.0.0.1:${port}`);
  }

  [Symbol.dispose](): void {
    this.#child.removeAllListeners("exit");
    this.#child.kill();
    rmSync(this.#directory, { recursive: true });
  }
}
