/**
 * Which blocks of the package's source run: V8's precise coverage, which Deno gives by node:inspector. Bun's engine has
 * no such thing.
 *
 * @module
 */

import { Session } from "node:inspector";

/** For each script, the characters of its source that ran. */
type Ran = Map<string, Uint8Array>;

/** What V8 says of a script: the inner of two ranges counts. */
interface ScriptCoverage {
  url: string;
  functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[];
}

/** Counts what runs in this thread. */
export class BlockCoverage {
  readonly #session = new Session();
  readonly #sources: RegExp;
  #reached: Ran = new Map();

  private constructor(sources: RegExp) {
    this.#sources = sources;
  }

  /** Begins to count. `sources` are the URLs of the modules that count: the package's and the targets' where left out. */
  static async start(sources = /\/(lib|ffi|tests\/fuzz\/targets)\/[^/]/): Promise<BlockCoverage> {
    const coverage = new BlockCoverage(sources);
    coverage.#session.connect();
    await coverage.#post("Profiler.enable");
    // With counts, for without them a function that was told of once is never told of again.
    await coverage.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return coverage;
  }

  /** Ends the counting. */
  async stop(): Promise<void> {
    await this.#post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  /** Begins with nothing reached: for another target. */
  async forget(): Promise<void> {
    await this.take();
    this.#reached = new Map();
  }

  /** What has run since it was asked last. */
  async take(): Promise<Ran> {
    const { result } = await this.#post("Profiler.takePreciseCoverage") as {
      result: ScriptCoverage[];
    };
    const own = result.filter(({ url }) => this.#sources.test(url));
    return new Map(own.map((script) => [script.url, charactersOf(script)]));
  }

  /** Whether there is anything in it that was not reached before. */
  isNew(ran: Ran): boolean {
    return ran.entries().some(([url, characters]) => {
      const reached = this.#reached.get(url);
      return characters.some((runs, i) => runs > (reached?.[i] ?? 0));
    });
  }

  /** Adds to what was reached. */
  add(ran: Ran): void {
    for (const [url, characters] of ran) {
      const reached = this.#reached.get(url) ?? new Uint8Array(0);
      const longer = reached.length < characters.length ? characters.slice() : reached;
      const other = longer === reached ? characters : reached;
      other.forEach((runs, i) => longer[i]! |= runs);
      this.#reached.set(url, longer);
    }
  }

  /** How many characters of source were reached. */
  get size(): number {
    let size = 0;
    for (const characters of this.#reached.values()) for (const runs of characters) size += runs;
    return size;
  }

  #post(method: string, parameters: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, parameters, (error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  }
}

function charactersOf({ functions }: ScriptCoverage): Uint8Array {
  const ran = new Uint8Array(Math.max(...functions.map(({ ranges }) => ranges[0]!.endOffset)));
  // Outer functions first: inner ones, and blocks that did not run, are taken out of them.
  const outerFirst = functions.toSorted(({ ranges: [one] }, { ranges: [other] }) =>
    one!.startOffset - other!.startOffset || other!.endOffset - one!.endOffset
  );
  for (const { ranges } of outerFirst) {
    for (const { startOffset, endOffset, count } of ranges) {
      ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
  }
  return ran;
}
