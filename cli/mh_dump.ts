/**
 * `mif mh dump`: the mobility messages on the links of this host, or in a capture.
 *
 * @module
 */

import process from "node:process";
import { CaptureReader } from "../lib/capture/capture_reader.ts";
import type { Frame } from "../lib/capture/frame.ts";
import { ipv6Start, isKnownLinkType } from "../lib/capture/link_layer.ts";
import { PacketSocket } from "../lib/capture/packet_socket.ts";
import { draft2003 } from "../lib/mobility/layout.gen.ts";
import { mobilityFilter } from "../lib/mobility/mobility_filter.ts";
import { findMobility } from "../lib/mobility/packet.ts";
import { interfaceIndex } from "../lib/netlink/current.ts";
import { MifError } from "../mod.ts";
import { describeJson } from "./mh_json.ts";
import { describeLine } from "./mh_line.ts";
import { describePair, Pairs } from "./mh_pairs.ts";
import { chunksOf } from "./mh_read.ts";
import { type Seen, seen } from "./mh_seen.ts";
import { PcapWriter } from "./mh_write.ts";
import { untilSignalled } from "./signals.ts";
import { readOptions, UsageError } from "./usage.ts";

/** So much text is given at once. */
const TEXT_SIZE = 64 * 1024;

/**
 * The text of `mif mh dump`, bit by bit: a line for each message, or with `--json` an object, or with `--count` in the end
 * one for each pair of hosts.
 */
export async function* dump(words: string[]): AsyncGenerator<string> {
  const options = readOptions(words, {
    interface: { type: "string", short: "i" },
    read: { type: "string", short: "r" },
    write: { type: "string", short: "w" },
    json: { type: "boolean" },
    count: { type: "boolean" },
    draft: { type: "boolean" },
  });
  if (options.read !== undefined && options.interface !== undefined) {
    throw new UsageError("-i and -r exclude each other");
  }
  using writer = options.write === undefined ? null : new PcapWriter(options.write);
  const dumping = new Dumping(options, writer);
  let failure: unknown = null;
  try {
    yield* options.read === undefined
      ? dumping.live(options.interface)
      : dumping.fromFile(options.read);
  } catch (error) {
    // What was seen until then is told.
    failure = error;
  }
  yield* dumping.accounts();
  if (failure !== null) throw failure;
}

/** How `dump` was called. */
interface DumpOptions {
  write?: string;
  json?: boolean;
  count?: boolean;
  draft?: boolean;
}

class Dumping {
  readonly #draft: boolean;
  readonly #pairs: Pairs | null;
  readonly #writer: PcapWriter | null;
  readonly #json: boolean;
  readonly #describe: (it: Seen) => string;
  #messages = 0;
  /** How many frames of each kind of link could not be read. */
  readonly #unread = new Map<number, number>();

  constructor(
    { write, json = false, count, draft = false }: DumpOptions,
    writer: PcapWriter | null,
  ) {
    this.#draft = draft;
    this.#pairs = count ? new Pairs() : null;
    this.#writer = writer;
    this.#json = json;
    // The file has standard output for itself.
    const isQuiet = count || write === "-";
    this.#describe = isQuiet
      ? () => ""
      : json
      ? (it) => describeJson(it) + "\n"
      : (it) => describeLine(it) + "\n";
  }

  async *fromFile(path: string): AsyncGenerator<string> {
    const reader = new CaptureReader();
    let text = "";
    try {
      for await (const chunk of chunksOf(path)) {
        reader.push(chunk);
        for (let frame = reader.next(); frame !== null; frame = reader.next()) {
          text += this.#take(frame);
          if (text.length < TEXT_SIZE) continue;
          yield text;
          text = "";
        }
      }
      reader.finish();
    } finally {
      if (text !== "") yield text;
      this.#tellUnread();
    }
  }

  async *live(interfaceName: string | undefined): AsyncGenerator<string> {
    const isAny = interfaceName === undefined || interfaceName === "any";
    const index = isAny ? 0 : interfaceIndex(interfaceName);
    if (index === null) {
      const message = `There is no interface ${interfaceName}`;
      throw new MifError(message, { code: "ENODEV", errno: 19, syscall: "if_nametoindex" });
    }
    const filter = mobilityFilter(this.#draft ? [draft2003.IPPROTO_MH] : []);
    using socket = new PacketSocket({ interface: index, filter });
    untilSignalled().addEventListener("abort", () => socket.close());
    say(`listening on ${isAny ? "all interfaces" : interfaceName}`);
    let dropped = 0;
    for await (const frame of socket.frames()) {
      const text = this.#take(frame);
      dropped = socket.dropped();
      this.#writer?.flush();
      if (text !== "") yield text;
    }
    say(`${this.#messages} messages; the kernel had no room for ${dropped} packets`);
  }

  /** The accounts, where they are wanted. */
  *accounts(): Generator<string> {
    if (this.#pairs === null) return;
    const describe = this.#json ? JSON.stringify : describePair;
    for (const pair of this.#pairs.list()) yield describe(pair) + "\n";
  }

  /** What is to be printed of a frame: nothing where it has no mobility message. */
  #take(frame: Frame): string {
    const { bytes, linkType, start, end } = frame;
    const at = ipv6Start(linkType, bytes, start, end);
    if (at < 0) {
      if (!isKnownLinkType(linkType)) this.#countUnread(linkType);
      return "";
    }
    const found = findMobility(bytes, at, end, this.#draft);
    if (found === null) return "";
    this.#messages++;
    this.#writer?.write(frame);
    const it = seen(found, frame);
    this.#pairs?.add(it);
    return this.#describe(it);
  }

  #countUnread(linkType: number): void {
    this.#unread.set(linkType, (this.#unread.get(linkType) ?? 0) + 1);
  }

  #tellUnread(): void {
    for (const [linkType, count] of this.#unread) {
      say(`${count} frames of link type ${linkType}, which cannot be read, were passed over`);
    }
  }
}

function say(text: string): void {
  process.stderr.write(`mif mh dump: ${text}\n`);
}
