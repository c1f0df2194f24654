// The README's table of permissions: each row holds with its flags, and without any one of them the error names it.

import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "../../ffi/library.ts";
import { pcapFile } from "../capture/files.ts";
import { makeCertificates } from "../connection/certificates.ts";
import { CERTIFICATE_ADDRESSES, type PvdServerRequest, ZONE } from "../kernel/pvd_site.ts";
import {
  type Host,
  type LabProcess,
  type LabRouter,
  labSkip,
  NETWORK_1,
  oneLink,
  pvdOption,
  waitFor,
  World,
} from "../lab/mod.ts";

const featureScript = fileURLToPath(new URL("./feature_script.ts", import.meta.url));
const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** A command line of `mif`, which also needs what the row of the package's own copy of the library names. */
interface Command {
  words: string[];
  /** What it writes when it has what it needs, where it does not end by itself then. */
  done?: RegExp;
}

/** What a row is tried with. */
interface Trial {
  /** Of the script, each with what is wanted of it. */
  features?: string[];
  commands?: Command[];
  /** What comes of each without a flag, where that is no error that names the flag. */
  without?: RegExp;
  /** Whether load() is left out, and the library is the package's own copy. */
  cached?: boolean;
  /** What must run meanwhile. */
  daemon?: boolean;
}

const CACHED = "without `load()`";
/** The one that is explicit. */
const ID = `good.${ZONE}`;

/** By the beginning of the row's first cell. */
const TRIALS: Record<string, Trial> = {
  "PvDs and how": {
    features: [
      ...["library", "list", "watch", "sockets", "connections", "solicit", "routes", "mobility"],
    ],
  },
  [CACHED]: {
    features: ["library", "list"],
    cached: true,
    commands: [
      { words: ["list"] },
      { words: ["watch"], done: /^default / },
      { words: ["route", "install"] },
      { words: ["mh", "dump", "-i", "h0"], done: /listening on h0/ },
    ],
  },
  "DNS servers": { features: ["dns"], without: /^done \[\]$/ },
  "what `mif daemon` heard": { features: ["heard"], without: /^done \[\]$/, daemon: true },
  "names of hosts": { features: ["names=www.example", "information=CA", "portal=CA"] },
  "names of services": { features: ["services=domain-s"] },
  "`exec()`": {
    features: ["exec"],
    commands: [{ words: ["exec", "--pvd", `${NETWORK_1.routerLinkLocal}%h0`, "--", "true"] }],
  },
  "`mif daemon`": { commands: [{ words: ["daemon"], done: /hears routers/ }] },
  "`mif mh dump": { commands: [{ words: ["mh", "dump", "-r", "FILE", "-w", "OTHER"] }] },
  "`mif ui`": { commands: [{ words: ["ui"], done: /^http:/ }] },
};

const rows = readme.split("## Permissions in Deno")[1]!.split("\n## ")[0]!
  .split("\n").filter((line) => /^\| .*--allow/.test(line))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | *\|?$/g, "")))
  .map(([name, flags]) => ({ name: name!, flags: /`(--[^`]*)`/.exec(flags!)![1]!.split(" ") }));

test("each row of the table is tried, and nothing else", () => {
  const missing = rows.filter(({ name }) =>
    !Object.keys(TRIALS).some((key) => name.startsWith(key))
  );
  assert.deepEqual(missing, []);
  assert.equal(rows.length, Object.keys(TRIALS).length);
});

const rowOf = (key: string) => rows.find(({ name }) => name.startsWith(key))!;
/** "--allow-read" */
const optionOf = (flag: string) => flag.split("=")[0]!;

/** Flags of two rows as one: of two with lists the lists, else the one that allows all. */
function joined(first: readonly string[], second: readonly string[]): string[] {
  const flags = new Map<string, string>();
  for (const flag of [...first, ...second]) {
    const [option, list] = flag.split("=");
    const before = flags.get(option!);
    const both = [before?.split("=")[1], list].filter((part) => part !== undefined).join(",");
    const isAll = list === undefined || before === option;
    flags.set(option!, isAll ? option! : `${option}=${both}`);
  }
  return [...flags.values()];
}

// Bun has no permissions.
const describeInDeno = "deno" in process.versions ? describe : () => {};

describeInDeno("permissions in Deno", () => {
  const skip = labSkip();
  const directory = mkdtempSync(join(tmpdir(), "mif-permissions-"));
  const file = (name: string) => join(directory, name);
  let world: World;
  let host: Host;
  let ca: string;

  before(async () => {
    if (skip) return;
    world = new World();
    const advertise1 = {
      options: [pvdOption({ id: ID, http: true })],
      captivePortal: `https://${ID}/portal/online`,
    };
    const link = await oneLink(world, { advertise1 });
    host = link.host;
    ca = await serveInformation(link.r1);
    host.writeFile("/etc/resolv.conf", `nameserver ${NETWORK_1.routerAddress}\n`);
    copyFileSync(load(), file("library.so"));
    chmodSync(file("library.so"), 0o500);
    writeFileSync(file("empty.pcap"), pcapFile({ littleEndian: true, linkType: 101 }, []));
    const routes = await host.run([process.execPath, "run", "-A", cli, "route", "install"]);
    assert.equal(routes.status, 0, routes.stderr);
  });
  after(async () => {
    await world?.dispose();
    rmSync(directory, { recursive: true });
  });

  let caches = 0;

  /** Starts a script with flags of the table, their places filled in, and a cache that is empty. */
  const deno = (flags: readonly string[], ...words: string[]): LabProcess => {
    const home = file(`cache-${caches++}`);
    const places: [RegExp, string][] = [
      [/<file>/g, file("library.so")],
      [/<cache>/g, join(home, "mif-sockets")],
      [/\bFILE\b/g, file("empty.pcap")],
      [/\bOTHER\b/g, join(home, "written.pcap")],
      [/\bCA\b/g, ca],
    ];
    const filled = (word: string) =>
      places.reduce((text, [place, what]) => text.replace(place, what), word);
    mkdirSync(home);
    // Deno's own cache would be below XDG_CACHE_HOME too, empty each time.
    const env = { XDG_CACHE_HOME: home, DENO_DIR: file("deno"), NO_COLOR: "1" };
    const denied = ["--deny-net", "--deny-run"].filter((flag) =>
      !flags.some((given) => optionOf(given) === flag.replace("deny", "allow"))
    );
    return host.spawn([
      ...[process.execPath, "run", "--no-prompt", "--no-config", ...denied],
      ...flags.map(filled),
      ...words.map(filled),
    ], { env });
  };

  /** What the script says of each feature. */
  const tried = async (flags: readonly string[], { features = [], cached }: Trial) => {
    const script = deno(flags, featureScript, cached ? "" : file("library.so"), ...features);
    await script.exited;
    assert.equal(script.stderr, "");
    const lines = script.stdout.trim().split("\n");
    assert.equal(lines.length, features.length);
    return lines;
  };

  /** "done", or what `mif` said when it failed. */
  const commanded = async (flags: readonly string[], { words, done }: Command) => {
    const command = deno(flags, cli, ...words);
    if (done) {
      const isDone = await command.waitForOutput(new RegExp(done, "m"), 60_000)
        .then(() => true, () => false);
      if (isDone) await end(command);
      if (isDone) return "done";
    }
    const { status } = await command.exited;
    return status === 0 ? "done" : command.stderr;
  };

  for (const { name, flags } of rows) {
    const trial = TRIALS[Object.keys(TRIALS).find((key) => name.startsWith(key))!]!;
    const { features = [], commands = [], without, cached, daemon } = trial;
    const ffi = flags.some((flag) => flag.startsWith("--allow-ffi")) ? [] : ["--allow-ffi=<file>"];
    // Who may read a checkout's build of the library takes that.
    const base = cached ? [] : joined(rowOf(CACHED).flags, [`--allow-ffi=${load()}`]);
    const lacking = flags.map((refused) => ({
      option: optionOf(refused),
      left: flags.filter((flag) => flag !== refused),
    }));

    if (features.length > 0) {
      test(`${features.join(", ")}: ${flags.join(" ")}`, { skip, timeout: 120_000 }, async () => {
        const running = daemon ? deno(["-A"], cli, "daemon") : null;
        await running?.waitForOutput(/hears routers/, 60_000);
        if (daemon) await heard(host);
        const trials = lacking.map(async ({ option, left }) => {
          const expected = without ?? new RegExp(`^MifError EACCES .*${option}\\b`);
          for (const line of await tried([...ffi, ...left], trial)) assert.match(line, expected);
        });
        const [all] = await Promise.all([tried([...ffi, ...flags], trial), ...trials]);
        for (const line of all) assert.match(line, /^done (?!\[\])/);
        if (running) await end(running);
      });
    }
    for (const command of commands) {
      const title = `mif ${command.words.join(" ")}: ${flags.join(" ")}`;
      test(title, { skip, timeout: 120_000 }, async () => {
        for (const { option, left } of lacking) {
          const said = await commanded(joined(base, left), command);
          assert.match(said, new RegExp(`(Not permitted|Requires) .*${option}\\b`));
        }
        assert.equal(await commanded(joined(base, flags), command), "done");
      });
    }
  }

  test("mif doctor names what DNS sources lack", { skip, timeout: 60_000 }, async () => {
    const flags = ["ffi", "read", "write"].map((kind) => `--allow-${kind}=<cache>`);
    const doctor = deno([...flags, "--allow-env"], cli, "doctor");
    const { status } = await doctor.exited;
    const { stdout, stderr } = doctor;
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /\/etc\/resolv\.conf: .*run with --allow-read=\/etc\/resolv\.conf/);
  });

  test(
    "localhost, numeric hosts and well-known services need nothing",
    { skip, timeout: 60_000 },
    async () => {
      const flags = ["--allow-ffi=<file>"];
      const features = ["names=localhost", "names=::1", "services=https"];
      for (const line of await tried(flags, { features })) assert.match(line, /^done [1-9]/);
    },
  );
});

/** A name server, and the https: server of the PvD's owner and of its portal. @returns Who is to be trusted. */
async function serveInformation({ host: router, network }: LabRouter): Promise<string> {
  router.batch(
    Object.values(CERTIFICATE_ADDRESSES).slice(1).map((address) =>
      `addr add ${address}/128 dev lo nodad`
    ),
  );
  await router.dnsmasq({
    domains: ["example"],
    records: {
      "www.example": ["192.0.2.80", "2001:db8:80::1"],
      [ID]: [CERTIFICATE_ADDRESSES.good],
    },
  });
  const { ca, cert, key } = makeCertificates([`DNS:${ID}`]);
  const certificates = Object.fromEntries(
    Object.keys(CERTIFICATE_ADDRESSES).map((flaw) => [flaw, { cert, key }]),
  ) as PvdServerRequest["certificates"];
  const request: PvdServerRequest = { name: router.name, prefix: network.prefix, certificates };
  const server = router.spawnScript(new URL("../kernel/pvd_server.ts", import.meta.url), [
    JSON.stringify(request),
  ]);
  await server.waitForOutput(/serving/, 60_000);
  return ca;
}

/** Ends it by itself: a daemon takes away what it has written. */
async function end(one: LabProcess): Promise<void> {
  process.kill(-one.pid, "SIGTERM");
  await one.exited;
}

/** Waits until the daemon has heard the PvD's router. */
async function heard(host: Host): Promise<void> {
  await waitFor("the daemon to hear the router", async () => {
    const { stdout } = await host.run(["cat", "/run/mif/state.json"]);
    return stdout.includes("router");
  }, 30_000);
}
