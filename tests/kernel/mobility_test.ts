// Mobile IPv6 between hosts: return routability from end to end, what `mif mh` sees of it on the way, and PvDs.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { kernelHasMobileIpv6 } from "../../lib/mobility/mod.ts";
import {
  CARE_OF_ADDRESS,
  CORRESPONDENT_ADDRESS,
  HOME_ADDRESS,
  type Host,
  type LabProcess,
  labSkip,
  mobileNode,
  NETWORK_2,
  SERVICE_IPV6,
  twoRouters,
  waitFor,
  World,
} from "../lab/mod.ts";
import { commandOutput } from "../lab/command.ts";
import { tsharkFile } from "../tshark.ts";

const lab = { skip: labSkip(), timeout: 120_000 };
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const cli = path("../../cli.ts");

const example = path("../../examples/mobile_ipv6.ts");

/** A correspondent that answers. */
async function serve(host: Host): Promise<LabProcess> {
  const serving = host.spawnScript(example, ["correspondent"]);
  await serving.waitForOutput(/waiting/, 60_000);
  return serving;
}

/** A `mif mh dump` that runs. */
class Dump implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #process: LabProcess;

  private constructor(host: Host, words: readonly string[]) {
    this.#process = host.spawnScript(cli, ["mh", "dump", ...words], {
      onLine: (line) => this.lines.push(line),
    });
  }

  /** Starts it; it hears from then on. */
  static async start(host: Host, ...words: string[]): Promise<Dump> {
    const dump = new Dump(host, words);
    await dump.#process.waitForOutput(/listening on/, 60_000);
    return dump;
  }

  async waitFor(count: number): Promise<void> {
    await waitFor(`${count} lines`, () => this.lines.length >= count, 30_000);
  }

  /** Ends it as a user does; what it said at last. */
  async end(): Promise<string> {
    process.kill(this.#process.pid, "SIGINT");
    const { status } = await this.#process.exited;
    assert.equal(status, 0, this.#process.stderr);
    return this.#process.stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
  }
}

test(
  "return routability, binding and its end, as the network on the way sees them",
  lab,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "mif-rr-"));
    try {
      await using world = new World();
      const { mobile, agent, correspondent } = mobileNode(world);
      const file = join(directory, "seen.pcap");
      await using dump = await Dump.start(agent, "-i", "c0", "--json", "-w", file);
      const serving = await serve(correspondent);
      const addresses = [HOME_ADDRESS, CARE_OF_ADDRESS, CORRESPONDENT_ADDRESS];
      const node = await mobile.runScript(example, ["node", ...addresses], { timeoutMs: 60_000 });
      assert.deepEqual([node.status, node.stderr], [0, ""]);
      assert.equal(node.stdout, "registered for 420 s\nderegistered\n");
      const told = `BU ${HOME_ADDRESS} is at ${CARE_OF_ADDRESS}\nBU \n`;
      await waitFor("the bindings", () => serving.stdout.includes(told));

      await dump.waitFor(8);
      assert.match(await dump.end(), /8 messages; the kernel had no room for 0 packets/);
      const seen = dump.lines.map((line) => JSON.parse(line));
      for (const it of seen) assert.deepEqual([it.checksumOk, it.verdict], [true, { ok: true }]);
      const who = (it: Record<string, string>) => [it.type, it.src, it.dst, it.homeAddress];
      const [mn, cn, hoa] = [CARE_OF_ADDRESS, CORRESPONDENT_ADDRESS, HOME_ADDRESS];
      // The tests go at once: in whichever order.
      assert.deepEqual(seen.slice(0, 4).map(who).sort(), [
        ["CoT", cn, mn, null],
        ["CoTI", mn, cn, null],
        ["HoT", cn, hoa, null],
        ["HoTI", hoa, cn, null],
      ]);
      assert.deepEqual(seen.slice(4).map(who), [
        ["BU", mn, cn, hoa],
        ["BA", cn, mn, hoa],
        ["BU", mn, cn, hoa],
        ["BA", cn, mn, hoa],
      ]);
      assert.equal(seen[4].homeAddressOption, hoa);
      assert.deepEqual(seen[5].routingHeader, { type: 2, segmentsLeft: 1, finalDestination: hoa });

      // Others read the same of the file.
      const judged = commandOutput(["python3", path("return_routability.py"), file]);
      const kinds = judged.trim().split("\n");
      assert.deepEqual(kinds.slice(4), ["5 right", "6 right", "5 right", "6 right"]);
      const shown = tsharkFile(file, [
        "mip6.mhtype",
        "ipv6.opt.mipv6.home_address",
        "ipv6.routing.mipv6.home_address",
      ]);
      const [update, acknowledgement] = [["5", hoa, ""], ["6", "", hoa]];
      assert.deepEqual(shown.slice(4), [update, acknowledgement, update, acknowledgement]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);

test("mif mh send sends every message, and tshark reads its fields", lab, async () => {
  const directory = mkdtempSync(join(tmpdir(), "mif-send-"));
  try {
    await using world = new World();
    const { mobile, agent } = mobileNode(world);
    const file = join(directory, "sent.pcap");
    await using dump = await Dump.start(agent, "-w", file, "-i", "f0");
    const cookie = ["--cookie", "0102030405060708"];
    const token = ["--token", "11:12:13:14:15:16:17:18", "--nonce-index", "77"];
    const nonces = ["--nonce-indices", "10,11", "--authenticator", "a1a2a3a4a5a6a7a8a9aaabac"];
    const home = ["--home-address-option", HOME_ADDRESS];
    const rows: [words: string[], fields: Record<string, string>][] = [
      [["BRR"], { "mip6.mhtype": "0" }],
      [["HoTI", ...cookie, "--from", HOME_ADDRESS], {
        "mip6.hoti.cookie": "0x0102030405060708",
        "ipv6.src": HOME_ADDRESS,
      }],
      [["coti", ...cookie], { "mip6.coti.cookie": "0x0102030405060708" }],
      [["HoT", ...cookie, ...token], {
        "mip6.hot.nindex": "77",
        "mip6.hot.token": "0x1112131415161718",
      }],
      [["CoT", ...cookie, ...token], { "mip6.cot.nindex": "77" }],
      [
        ["BU", "--sequence", "0x1234", "--flags", "AK", "--lifetime", "420", ...nonces, ...home],
        {
          "mip6.bu.seqnr": "4660",
          "mip6.bu.a_flag": "1",
          "mip6.bu.h_flag": "0",
          "mip6.bu.k_flag": "1",
          "mip6.bu.lifetime": "105",
          "mip6.ni.hni": "10",
          "mip6.ni.cni": "11",
          "mip6.bad.auth": "a1a2a3a4a5a6a7a8a9aaabac",
          "ipv6.opt.mipv6.home_address": HOME_ADDRESS,
        },
      ],
      [["BA", "--sequence", "7", "--lifetime", "60", "--status", "130", "--refresh-advice", "40"], {
        "mip6.ba.status": "130",
        "mip6.ba.seqnr": "7",
        "mip6.bra.interval": "10",
      }],
      [["BE", "--status", "2", "--home-address", HOME_ADDRESS], { "mip6.be.haddr": HOME_ADDRESS }],
      [["BU", "--sequence", "1", "--lifetime", "4", "--alternate-care-of-address", "2001:db8::5"], {
        "mip6.acoa.acoa": "2001:db8::5",
      }],
      [["200", "--data", "0000 0102030405060708"], { "mip6.mhtype": "200" }],
      [["BRR", "--checksum", "0xabcd", "--option", "200:0102"], { "mip6.csum": "0xabcd" }],
      [["3b00000000000000"], { "mip6.mhtype": "0" }],
    ];
    const [first, ...others] = rows.map(([words]) => [...words, "--to", CORRESPONDENT_ADDRESS]);
    const sendings = [
      [cli, ["mh", "send", ...first!]],
      [path("mh_send_script.ts"), [JSON.stringify(others)]],
    ] as const;
    for (const [script, words] of sendings) {
      const sent = await mobile.runScript(script, words);
      assert.deepEqual([sent.status, sent.stdout, sent.stderr], [0, "", ""]);
    }
    await dump.waitFor(rows.length);
    await dump.end();
    const names = [...new Set(rows.flatMap(([, fields]) => Object.keys(fields)))];
    for (const [i, values] of tsharkFile(file, names).entries()) {
      const [words, wanted] = rows[i]!;
      const fields = Object.fromEntries(values.map((value, at) => [names[at], value]));
      for (const [name, value] of Object.entries(wanted)) {
        assert.equal(fields[name], value, `${name} of ${words.join(" ")}`);
      }
    }
    // All but the one that was asked for have a right checksum.
    assert.equal(dump.lines.filter((line) => line.includes("is wrong")).length, 1);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("mif mh send --wait tells what comes back", lab, async () => {
  await using world = new World();
  const { mobile, correspondent } = mobileNode(world);
  await serve(correspondent);
  const words = ["HoTI", "--cookie", "0102030405060708", "--from", HOME_ADDRESS];
  const { status, stdout } = await mobile.runScript(cli, [
    "mh",
    "send",
    ...words,
    "--to",
    CORRESPONDENT_ADDRESS,
    "--wait",
    "3",
    "--json",
  ]);
  assert.equal(status, 0);
  const [it] = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([it.type, it.cookie, it.src], [
    "HoT",
    "0102030405060708",
    CORRESPONDENT_ADDRESS,
  ]);
  assert.deepEqual([it.dst, it.checksumOk, it.verdict], [HOME_ADDRESS, true, { ok: true }]);
});

test("a live dump counts, and sees protocol 62 where it is told to", lab, async () => {
  await using world = new World();
  const { mobile, agent } = mobileNode(world);
  const send = `import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 62)
for i in range(20): s.sendto(bytes.fromhex("3b00000000000000"), ("${CORRESPONDENT_ADDRESS}", 0))
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
for i in range(200): u.sendto(bytes(100), ("${CORRESPONDENT_ADDRESS}", 9))`;
  await using now = await Dump.start(agent, "-i", "f0", "--json", "--count");
  await using then = await Dump.start(agent, "-i", "f0", "--json", "--count", "--draft");
  await using lines = await Dump.start(agent, "-i", "f0", "--draft", "--json");
  await mobile.run(["python3", "-c", send]);
  await lines.waitFor(20);
  for (const line of lines.lines) {
    const { protocol, type, interface: name } = JSON.parse(line);
    assert.deepEqual([protocol, type, name], [62, "BRR", "f0"]);
  }
  await now.end();
  assert.deepEqual(now.lines, []);
  await then.end();
  const [pair] = then.lines.map((line) => JSON.parse(line));
  assert.deepEqual([pair.messages, pair.types, pair.src], [20, { BRR: 20 }, CARE_OF_ADDRESS]);
});

test("a socket on a PvD sends by its router or not at all", lab, async () => {
  await using world = new World();
  const { host, r1, r2 } = await twoRouters(world);
  const [first, second] = [await r1.host.capture("lan0"), await r2.host.capture("lan0")];
  const installed = await host.runScript(cli, ["route", "install", "--solicit"]);
  assert.equal(installed.status, 0, installed.stderr);
  const id = `${NETWORK_2.routerLinkLocal}%h0`;
  const script = path("mobility_script.ts");
  const { status, stdout, stderr } = await host.runScript(script, [id, SERVICE_IPV6]);
  assert.deepEqual([status, stderr], [0, ""]);
  const unprovable = kernelHasMobileIpv6() ? "16" : "EOPNOTSUPP";
  assert.deepEqual(stdout.trim().split("\n"), [
    ...["undefined", id, "16", "16", unprovable, "EPVDROUTE"],
    ...["16"],
    ...["16", "16", unprovable],
    ...["ENETUNREACH", "ENETUNREACH"],
  ]);
  const isMobility = ({ protocol }: { protocol: number | null }) => protocol === 135;
  await waitFor("five messages", () => second.frames.filter(isMobility).length >= 5);
  for (const frame of second.frames.filter(isMobility)) {
    assert.deepEqual([frame.src, frame.dst], [NETWORK_2.hostAddress, SERVICE_IPV6]);
    assert.equal(frame.dstMac, NETWORK_2.routerMac);
  }
  assert.deepEqual(
    first.frames.filter((frame) => isMobility(frame) && frame.direction === "in"),
    [],
  );
});
