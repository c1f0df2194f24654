import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { mh as run } from "../../cli/mh.ts";
import { UsageError } from "../../cli/usage.ts";
import { MifError } from "../../mod.ts";
import { description, enhanced, pcapFile, section } from "../capture/files.ts";
import { commandOutput, type CommandResult, runCommand } from "../lab/command.ts";
import { scriptArgv } from "../lab/enter.ts";
import { judgeSkip } from "../judge.ts";
import { written } from "../written.ts";
import { type ExpectedPacket, hex, toHex, vectors } from "../mobility/vectors.ts";

const argv = scriptArgv(fileURLToPath(new URL("../../cli.ts", import.meta.url)));
const directory = mkdtempSync(join(tmpdir(), "mif-mh-"));
after(() => rmSync(directory, { recursive: true }));

/** A process of it. */
const mhProcess = (words: readonly string[]): Promise<CommandResult> =>
  runCommand([...argv, "mh", ...words], { timeoutMs: 120_000 });

/** The same within this process, for to start one takes longer than all that it does. */
async function mh(words: string[]): Promise<Pick<CommandResult, "status" | "stdout" | "stderr">> {
  const said = { status: 0, stdout: "", stderr: "" };
  const told = await written("stderr", async () => {
    try {
      const output = await run(words);
      if (typeof output === "string") said.stdout = output;
      else for await (const text of output) said.stdout += text;
    } catch (error) {
      // As cli.ts has it, which the tests of processes hold this against.
      if (!(error instanceof UsageError || error instanceof MifError)) throw error;
      said.status = error instanceof UsageError ? 2 : 1;
      said.stderr = `mif mh: ${error.message}`;
    }
  });
  return { ...said, stderr: told + said.stderr };
}

/** What it prints, where it has no complaint. */
async function printed(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await mh(words);
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout;
}

const lines = (text: string) => text.trimEnd().split("\n");
const objects = (text: string) => text === "" ? [] : lines(text).map((line) => JSON.parse(line));

function file(name: string, bytes: Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

const rows = vectors<ExpectedPacket>("ipv6");
const messages = rows.filter(({ expected }) => expected.mh !== undefined);
const packets = rows.map(({ bytes }, i) => ({
  seconds: 1_700_000_000 + i,
  nanoseconds: 5000,
  bytes,
}));
const all = file("all.pcap", pcapFile({ littleEndian: true, linkType: 101 }, packets));

describe("mif mh dump -r", () => {
  test("tells of each message what the vectors have", async () => {
    const told = objects(await printed("dump", "-r", all, "--json"));
    assert.equal(told.length, messages.length);
    for (const [i, row] of messages.entries()) {
      const { src, dst, mh, dstopts, rthdr, checksum_src: source } = row.expected;
      const it = told[i]!;
      const at = packets[rows.indexOf(row)]!.seconds;
      assert.equal(it.time, new Date(at * 1000).toISOString().replace(".000Z", ".000005Z"));
      assert.deepEqual([it.src, it.dst], [src, dst], row.name);
      const type = mh!.mh_type < 8 ? mh!.mh_name : "unknown";
      assert.deepEqual([it.type, it.mhType, it.protocol], [type, mh!.mh_type, 135], row.name);
      assert.equal(it.checksum, parseInt(mh!.checksum, 16));
      assert.equal(it.checksumOk, mh!.checksum_valid, row.name);
      const home = dstopts ? source : rthdr ? rthdr.addresses[0] : mh!.home_address;
      assert.equal(it.homeAddress, home ?? null, row.name);
      assert.equal(it.homeAddressOption, dstopts ? source : undefined);
      assert.equal(it.sequence, mh!.seqno);
      assert.equal(it.status, mh!.status);
      assert.equal(it.lifetimeSeconds, mh!.lifetime_seconds);
      assert.equal(it.rawFlags, mh!.flags === undefined ? undefined : Number(mh!.flags));
      assert.equal(it.cookie, mh!.cookie);
      assert.equal(it.keygenToken, mh!.keygen);
      assert.equal(it.nonceIndex, mh!.nonce_index);
      if (!mh!.checksum_valid) assert.equal(it.verdict.fault, "checksum");
      const authenticator = mh!.options.find((option) => option.authenticator)?.authenticator;
      const option = it.options?.find((option: { type: number }) => option.type === 5);
      assert.equal(option?.authenticator, authenticator);
    }
  });

  test("in lines", async () => {
    const shown = lines(await printed("dump", "-r", all));
    assert.equal(shown.length, messages.length);
    const line = (name: string) => {
      const at = messages.findIndex((row) => row.name.includes(name));
      return shown[at]!.replace(/^\S+Z /, "");
    };
    assert.equal(
      line("rr:BU to CN"),
      "2001:db8:7777::1 > 2001:db8:8888::1: BU sequence 4660 A lifetime 420 s, home address 2001:db8:9999::1" +
        ", nonces 10 and 11, authenticator 489e7b6f1f72cec2256c76eb",
    );
    assert.equal(
      line("rr:BA from CN"),
      "2001:db8:8888::1 > 2001:db8:7777::1: BA status 0 (Binding Update accepted) sequence 4660 lifetime 420 s" +
        ", routed to 2001:db8:9999::1, authenticator 7e8788b31db69ef0315e90af",
    );
    assert.equal(
      line("mip6-bad-mh-chksum"),
      "2001:4f8:4:7:2e0:81ff:fe52:ffff > 2001:4f8:4:7:2e0:81ff:fe52:9a6b: BE status 1 " +
        "(Unknown binding for Home Address destination option) home address 2001:78:1:32::1, checksum 0x0001 is wrong",
    );
    assert.match(shown[0]!, /^2023-11-14T22:1\d:\d\d\.000005Z /);
  });

  test("the same from pcapng, and from standard input", async () => {
    const file2 = file(
      "all.pcapng",
      Buffer.concat([
        section(false),
        description(false, 101),
        ...packets.map(({ seconds, bytes }) =>
          enhanced(false, 0, BigInt(seconds) * 1_000_000n + 5n, bytes)
        ),
      ]),
    );
    const wanted = await printed("dump", "-r", all);
    assert.equal(await printed("dump", "-r", file2), wanted);
    const piped = await runCommand(
      ["sh", "-c", 'cat "$0" | "$@"', file2, ...argv, "mh", "dump", "-r", "-"],
      { timeoutMs: 120_000 },
    );
    assert.deepEqual([piped.status, piped.stderr, piped.stdout], [0, "", wanted]);
  });

  test("an interface where the capture names it, and nanoseconds where it has them", async () => {
    const frame = pcapFile({ littleEndian: true, nanoseconds: true, linkType: 101 }, [
      { ...packets[0]!, nanoseconds: 123_456_789, bytes: messages[0]!.bytes },
    ]);
    const [told] = objects(await printed("dump", "--json", "-r", file("nano.pcap", frame)));
    assert.equal(told.time, "2023-11-14T22:13:20.123456789Z");
    assert.ok(!("interface" in told));
  });

  test("through a tunnel", async () => {
    const inner = messages[0]!;
    const head = [0x60, 0, 0, 0, 0, inner.bytes.length, 41, 64];
    const outer = new Uint8Array(Buffer.concat([
      Uint8Array.from(head),
      hex("20010db8000000000000000000000001 20010db8000000000000000000000002"),
      inner.bytes,
    ]));
    const capture = pcapFile({ littleEndian: true, linkType: 229 }, [{
      ...packets[0]!,
      bytes: outer,
    }]);
    const [told] = objects(await printed("dump", "--json", "-r", file("tunnel.pcap", capture)));
    assert.deepEqual(told.tunnel, { src: "2001:db8::1", dst: "2001:db8::2" });
    assert.equal(told.src, inner.expected.src);
  });

  test("--count tells what each pair said", async () => {
    const pairs = objects(await printed("dump", "--count", "--json", "-r", all));
    const counted = new Map<string, number>();
    for (const { expected: { src, dst } } of messages) {
      counted.set(`${src} ${dst}`, (counted.get(`${src} ${dst}`) ?? 0) + 1);
    }
    assert.deepEqual(
      new Map(pairs.map(({ src, dst, messages }) => [`${src} ${dst}`, messages])),
      counted,
    );
    const sum = (
      pick: (pair: { wrong: number; bytes: number; types: Record<string, number> }) => number,
    ) => pairs.reduce((total, pair) => total + pick(pair), 0);
    const updates = messages.filter(({ expected }) => expected.mh!.mh_type === 5).length;
    assert.equal(sum(({ types }) => types.BU ?? 0), updates);
    assert.ok(
      sum(({ wrong }) => wrong) >= messages.filter((m) => !m.expected.mh!.checksum_valid).length,
    );
    const text = lines(await printed("dump", "--count", "-r", all));
    assert.equal(text.length, pairs.length);
    assert.match(
      text[0]!,
      /^\S+ > \S+: \d+ messages, \d+ bytes: .*BU \d+.*, from 2023-11-14T\S+ to /,
    );
  });

  test("malformed captures of tcpdump, with and without protocol 62", async () => {
    const fuzz = vectors("fuzz");
    const frames = fuzz.map(({ bytes }) => ({ seconds: 0, nanoseconds: 0, bytes }));
    const path = file("asan.pcap", pcapFile({ littleEndian: true, linkType: 101 }, frames));
    assert.equal(await printed("dump", "-r", path), "");
    const told = objects(await printed("dump", "--draft", "--json", "-r", path));
    // All but those of other protocols.
    assert.equal(told.length, fuzz.filter(({ bytes }) => bytes[6] === 62).length);
    assert.ok(told.length >= 12);
    for (const it of told) assert.ok(it.protocol === 62 && it.checksumOk !== true);
    assert.equal(lines(await printed("dump", "--draft", "-r", path)).length, told.length);
  });
});

describe("mif mh dump -w", () => {
  test("writes what it shows, as it was", async () => {
    const path = join(directory, "written.pcap");
    const shown = await printed("dump", "-r", all, "-w", path);
    assert.equal(lines(shown).length, messages.length);
    assert.equal(await printed("dump", "-r", path), shown);
    const wanted = messages.map((row) => ({ ...packets[rows.indexOf(row)]!, bytes: row.bytes }));
    const again = pcapFile({ littleEndian: true, nanoseconds: true, linkType: 101 }, wanted);
    const written = new Uint8Array(readFileSync(path));
    assert.equal(toHex(written.subarray(24)), toHex(again.subarray(24)));
  });

  const tcpdump = judgeSkip("tcpdump");
  test("to standard output, which it has for itself", { skip: tcpdump }, async () => {
    const { status, stdout } = await runCommand(
      [
        "sh",
        "-c",
        '"$@" | "$0" -n -r - | wc -l',
        "tcpdump",
        ...argv,
        "mh",
        "dump",
        "-r",
        all,
        "-w",
        "-",
      ],
      { timeoutMs: 120_000 },
    );
    assert.deepEqual([status, stdout.trim()], [0, `${messages.length}`]);
  });

  test("a file of nothing is one too", async () => {
    const empty = file("empty.pcap", pcapFile({ littleEndian: true, linkType: 1 }, []));
    const path = join(directory, "nothing.pcap");
    assert.equal(await printed("dump", "-r", empty, "-w", path), "");
    assert.equal(await printed("dump", "-r", path), "");
  });

  test("two kinds of link do not fit into one", async () => {
    const mixed = file(
      "mixed.pcapng",
      Buffer.concat([
        section(true),
        description(true, 101),
        description(true, 229),
        enhanced(true, 0, 0n, messages[0]!.bytes),
        enhanced(true, 1, 0n, messages[1]!.bytes),
      ]),
    );
    const { status, stderr } = await mh(["dump", "-r", mixed, "-w", join(directory, "x.pcap")]);
    assert.equal(status, 1);
    assert.match(stderr, /one kind of link, and here are 101 and 229/);
  });
});

describe("what goes wrong", () => {
  const cut = file("cut.pcap", new Uint8Array(readFileSync(all)).slice(0, -3));
  const text = file("text", Buffer.from("no capture"));
  const strange = file(
    "strange.pcap",
    pcapFile({ littleEndian: true, linkType: 147 }, packets.slice(0, 3)),
  );

  test("a capture that is cut short: what was there is shown", async () => {
    const { status, stdout, stderr } = await mhProcess(["dump", "-r", cut]);
    assert.equal(status, 1);
    const here = await mh(["dump", "-r", cut]);
    assert.deepEqual([here.status, here.stdout, `${here.stderr}\n`], [status, stdout, stderr]);
    assert.ok(lines(stdout).length >= messages.length - 1);
    assert.match(stderr, /mif mh: Cannot read the capture: it ends in the middle of a packet/);
    const counted = await mh(["dump", "-r", cut, "--count"]);
    assert.equal(counted.status, 1);
    assert.ok(lines(counted.stdout).length > 1);
  });

  test("frames that cannot be read are counted", async () => {
    const { status, stdout, stderr } = await mh(["dump", "-r", strange]);
    assert.deepEqual([status, stdout], [0, ""]);
    assert.match(stderr, /3 frames of link type 147/);
  });

  const failing: [words: string[], status: number, why: RegExp][] = [
    [["dump", "-r", text], 1, /neither pcap nor pcapng/],
    [["dump", "-r", join(directory, "missing")], 1, /Cannot read .*missing \(ENOENT\)/],
    [["dump", "-r", all, "-w", join(directory, "missing", "x")], 1, /Cannot write .* \(ENOENT\)/],
    [["dump", "-i", "lo", "-r", all], 2, /exclude each other/],
    [["dump", "-i", "nowhere0"], 1, /no interface nowhere0/],
    [["dump", "--colour"], 2, /colour/],
    [["look"], 2, /dump, decode or send/],
    [["decode"], 2, /HEX is missing/],
    [["decode", "xyz"], 2, /not hexadecimal/],
    [["decode", "--src", "2001:db8::1", "3b00"], 2, /go together/],
    [["decode", "--src", "1", "--dst", "2", "3b00"], 2, /--src is not an IPv6 address/],
    [["decode", toHex(rows[0]!.bytes)], 1, /no mobility message/],
    [["send", "BU"], 2, /--to ADDRESS is missing/],
    [["send", "BU", "--to", "::1"], 2, /--sequence is missing/],
    [["send", "BU", "--to", "::1", "--sequence", "x"], 2, /--sequence must be a number/],
    [["send", "BU", "--to", "::1", "--sequence", "1", "--flags", "Q"], 2, /Q, and there are AHLK/],
    [["send", "HoTI", "--to", "::1", "--cookie", "00"], 2, /8 bytes, not 1/],
    [["send", "what", "--to", "::1"], 2, /BRR, HoTI/],
    [["send", "BRR", "--to", "::1%nowhere0"], 2, /no interface nowhere0/],
  ];
  test("a command line that is none, and standard error of one that works", async () => {
    const used = await mhProcess(["look"]);
    assert.deepEqual([used.status, used.stdout], [2, ""]);
    assert.match(used.stderr, /^mif: mif mh takes dump, decode or send; see mif --help\n$/);
    const { status, stdout, stderr } = await mhProcess(["decode", toHex(messages[0]!.bytes)]);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.equal(stdout, await printed("decode", toHex(messages[0]!.bytes)));
  });

  for (const [words, wanted, why] of failing) {
    test(`mif mh ${words.join(" ").replaceAll(directory, "…").slice(0, 60)}`, async () => {
      const { status, stderr } = await mh(words);
      assert.match(stderr, why);
      assert.equal(status, wanted);
    });
  }

  test("a reader that has seen enough is no failure", async () => {
    const many = file(
      "many.pcap",
      pcapFile(
        { littleEndian: true, linkType: 101 },
        new Array(20_000).fill({ ...packets[0]!, bytes: messages[0]!.bytes }),
      ),
    );
    const { status, stdout, stderr } = await runCommand(
      ["bash", "-c", 'set -o pipefail; "$@" | head -1', "bash", ...argv, "mh", "dump", "-r", many],
      { timeoutMs: 120_000 },
    );
    assert.deepEqual([status, stderr, lines(stdout).length], [0, "", 1]);
  });
});

describe("mif mh decode", () => {
  const row = messages.find(({ name }) => name.includes("rr:BU to CN"))!;
  const packet = toHex(row.bytes);
  const message = packet.slice(128);

  test("a packet", async () => {
    const text = await printed("decode", packet.replace(/../g, "$&:").slice(0, -1));
    assert.match(text, /^2001:db8:7777::1 > 2001:db8:8888::1: BU sequence 4660 A .*76eb\n$/);
  });

  test("a message alone, with and without what its checksum is over", async () => {
    const plain = JSON.parse(await printed("decode", "--json", `0x${message}`));
    assert.deepEqual([plain.type, plain.checksumOk, plain.verdict], ["BU", null, null]);
    const ends = ["--src", "2001:db8:7777::1", "--dst", "2001:db8:8888::1"];
    const home = ["--home-address-option", "2001:db8:9999::1"];
    const right = JSON.parse(await printed("decode", "--json", ...ends, ...home, message));
    assert.deepEqual([right.checksumOk, right.verdict], [true, { ok: true }]);
    const wrong = await printed("decode", ...ends, message);
    assert.match(wrong, /checksum 0x5762 is wrong\n$/);
  });

  test("as the guide shows it", async () => {
    const guide = readFileSync(new URL("../../docs/mobile_ipv6.md", import.meta.url), "utf8");
    const shown = [...guide.matchAll(/^\$ mif mh (decode .*)\n(.*\n)/gm)];
    assert.ok(shown.length > 0);
    for (const [, words, text] of shown) {
      assert.equal(await printed(...words!.split(" ")), text);
    }
  });

  test("what cannot be read", async () => {
    const words = ["--src", "::1", "--dst", "::2"];
    assert.equal(await printed("decode", "3b05050000000000"), "unreadable 3b05050000000000\n");
    assert.match(await printed("decode", ...words, "3b05050000000000"), /too-short: drop\n$/);
    assert.match(await printed("decode", ...words, "3b"), /too-short: drop\n$/);
  });
});

const tshark = judgeSkip("tshark");
test("tshark sees as many, of the same types", { skip: tshark }, async () => {
  const fields = ["-Y", "mip6.mhtype", "-T", "fields", "-e", "mip6.mhtype"];
  const types = lines(commandOutput(["tshark", "-n", "-r", all, ...fields])).map(Number);
  const told = objects(await printed("dump", "--json", "-r", all));
  assert.deepEqual(told.map(({ mhType }) => mhType), types);
});
