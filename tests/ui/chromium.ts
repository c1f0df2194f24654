/**
 * Chromium in a host of the lab, without a window, led by the DevTools protocol.
 *
 * The protocol goes over a pair of pipes (--remote-debugging-pipe), so it needs no port and no way into the host's namespace.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Host, type LabProcess, waitFor } from "../lab/mod.ts";

const PATH = "/usr/bin/chromium";
/** A loaded machine takes its time to start a browser. */
const ANSWER_MS = 60_000;

/** Why there is no Chromium here, or false: for `{ skip }`. */
export function chromiumSkip(): string | false {
  if (existsSync(PATH)) return false;
  const reason = `no ${PATH}: apt-get install chromium`;
  console.log(`Skipped, it needs Chromium: ${reason}`);
  return reason;
}

type Json = Record<string, unknown>;

interface Message {
  id?: number;
  method?: string;
  params?: Json;
  sessionId?: string;
  result?: Json;
  error?: { message: string };
}

/** A running browser. */
export class Chromium {
  readonly #process: LabProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #pages = new Map<string, Page>();
  #last = 0;

  /** Starts one in a host. `await using` ends it. */
  constructor(host: Host) {
    this.#profile = mkdtempSync(join(tmpdir(), "mif-chromium-"));
    const flags = [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      ...["--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb"],
      `--user-data-dir=${this.#profile}`,
    ];
    this.#process = host.spawn([
      "sh",
      "-c",
      'exec "$@" 3<&0 4>&1 </dev/null >&2',
      "sh",
      PATH,
      ...flags,
      "--remote-debugging-pipe",
      "about:blank",
    ], {
      env: { HOME: this.#profile },
      onLine: (line) => this.#take(JSON.parse(line)),
      lineEnd: "\0",
    });
  }

  /** Opens a page of its own. */
  async open(url: string): Promise<Page> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page((method, params) => this.send(method, params, sessionId as string));
    this.#pages.set(sessionId as string, page);
    await page.start(url);
    return page;
  }

  /** Sends a command, to the browser or to a session, and waits for its result. */
  async send(method: string, params: Json = {}, sessionId?: string): Promise<Json> {
    const id = ++this.#last;
    let answer: Message | undefined;
    this.#waiting.set(id, (message) => answer = message);
    this.#process.write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    await waitFor(`Chromium's answer to ${method}`, () => {
      if (this.#process.running) return answer;
      throw new Error(`Chromium has ended: ${this.#process.stderr.slice(-2000)}`);
    }, ANSWER_MS);
    if (answer!.error) throw new Error(`${method}: ${answer!.error.message}`);
    return answer!.result!;
  }

  /** Ends it and all its processes, and then takes its files away. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.running) {
      await Promise.race([
        this.send("Browser.close").then(() => this.#process.exited).catch(() => {}),
        new Promise((resolve) => setTimeout(resolve, 10_000).unref()),
      ]);
    }
    await this.#process.stop();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #take(message: Message): void {
    if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    } else {
      this.#pages.get(message.sessionId ?? "")?.take(message.method!, message.params!);
    }
  }
}

/** One tab, and all that was heard of it. */
export class Page {
  /** URLs of all requests. */
  readonly requests: string[] = [];
  /** Exceptions, errors on the console, and what the policy refused. */
  readonly complaints: string[] = [];
  /** Dialogs that a script opened. */
  readonly dialogs: string[] = [];
  readonly #send: (method: string, params?: Json) => Promise<Json>;

  /** For {@linkcode Chromium.open}. */
  constructor(send: (method: string, params?: Json) => Promise<Json>) {
    this.#send = send;
  }

  /** For {@linkcode Chromium.open}. */
  async start(url: string): Promise<void> {
    for (const domain of ["Page", "Network", "Runtime", "Log"]) {
      await this.#send(`${domain}.enable`);
    }
    await this.#send("Page.navigate", { url });
  }

  /** An event of this page. */
  take(method: string, params: Json): void {
    if (method === "Network.requestWillBeSent") {
      this.requests.push((params.request as { url: string }).url);
    } else if (method === "Runtime.exceptionThrown") {
      this.complaints.push(JSON.stringify(params.exceptionDetails));
    } else if (method === "Log.entryAdded") {
      const { level, text } = params.entry as { level: string; text: string };
      if (level === "error" || level === "warning") this.complaints.push(text);
    } else if (method === "Page.javascriptDialogOpening") {
      this.dialogs.push(String(params.message));
      void this.#send("Page.handleJavaScriptDialog", { accept: true }).catch(() => {});
    }
  }

  /** The value of an expression, as JSON can carry it. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** Waits until an expression is true; says what the page shows where it never is. */
  async waitFor(what: string, expression: string, timeoutMs = 30_000): Promise<void> {
    try {
      await waitFor(what, () => this.evaluate<boolean>(`!!(${expression})`), timeoutMs);
    } catch (error) {
      const text = await this.text().catch(() => "nothing");
      throw new Error(`${(error as Error).message}; the page shows: ${text}`, { cause: error });
    }
  }

  /** All that can be read on the page. */
  text(): Promise<string> {
    return this.evaluate<string>("document.body.innerText");
  }

  /** How a page is shown: its width in CSS pixels, and which colours the user prefers. */
  async show(width: number, scheme: "light" | "dark" = "light", height = 900): Promise<void> {
    await this.#send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
    await this.#send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
  }

  /** Presses and releases a key. */
  async press(key: string, code = key, text?: string): Promise<void> {
    const windowsVirtualKeyCode = { Enter: 13, Tab: 9, " ": 32 }[key] ?? 0;
    const common = { key, code, windowsVirtualKeyCode };
    await this.#send("Input.dispatchKeyEvent", { type: "keyDown", ...common, text });
    await this.#send("Input.dispatchKeyEvent", { type: "keyUp", ...common });
  }

  /** Types text where the focus is. */
  async type(text: string): Promise<void> {
    await this.#send("Input.insertText", { text });
  }

  /** The page as a PNG: all of it, or down to a height. */
  async screenshot(height?: number): Promise<Uint8Array> {
    const width = await this.evaluate<number>("innerWidth");
    const { data } = await this.#send("Page.captureScreenshot", {
      format: "png",
      captureBeyondViewport: true,
      ...(height === undefined ? {} : { clip: { x: 0, y: 0, width, height, scale: 1 } }),
    });
    return Buffer.from(data as string, "base64");
  }
}
