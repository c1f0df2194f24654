/**
 * Worlds: hosts and the links between them, made of network namespaces and veth pairs.
 *
 * @module
 */

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { labAccess } from "./access.ts";
import { commandOutput, type LabProcess } from "./command.ts";
import { Host, type HostWorld } from "./host.ts";

/** One end of a link. */
export interface LinkEnd {
  /** Whose it is. */
  host: Host;
  /** Its interface name there. */
  interface: string;
  /** Its MAC address; the kernel's choice where left out. */
  mac?: string;
}

/** `hosts("a", "b")` gives two hosts. */
export type Hosts<Names extends readonly string[]> = { [K in keyof Names]: Host };

const activeWorlds = new Set<World>();
let worldCount = 0;
/** At the end of the process. */
let destroyAll: () => void;

/**
 * Networks of one test. `await using world = new World()` takes them down whatever happens: also when the process ends, and
 * what a process left behind that was killed, the next one takes down.
 *
 * @throws {Error} Networks cannot be built here ({@linkcode labAccess} says it beforehand), or ip(8) refuses: the message has
 *   what it said. What is half made is taken down too.
 *
 * @example
 * ```ts ignore
 * import { World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const [a, b] = world.hosts("a", "b");
 * world.links([[{ host: a, interface: "a0" }, { host: b, interface: "b0" }]]);
 * a.ip("addr", "add", "192.0.2.1/24", "dev", "a0");
 * b.ip("addr", "add", "192.0.2.2/24", "dev", "b0");
 * console.log(a.ip("route", "get", "192.0.2.2"));
 * ```
 */
export class World {
  #prefix: string;
  #directory: string;
  #hosts: Host[] = [];
  /** The inode of each namespace, by which /proc tells who is in it. */
  #inodes = new Set<string>();
  #daemons = new Set<LabProcess>();
  #linkEnds = 0;
  #unprivileged: { argv: string[]; env: Record<string, string> } | undefined;
  readonly #asHostsSeeIt: HostWorld = {
    unprivilegedArgv: () => this.#unprivilegedWay().argv,
    unprivilegedEnv: () => this.#unprivilegedWay().env,
    adopt: (daemon) => this.#daemons.add(daemon),
  };

  /** Makes an empty world. @throws {Error} This process cannot build networks; ask {@linkcode labAccess} first. */
  constructor() {
    const access = labAccess();
    if (!access.ok) throw new Error(`Cannot build networks: ${access.reason}`);
    if (!access.ready) {
      throw new Error("Cannot build networks: not inside the lab, see enterArgv()");
    }
    removeAbandoned();
    const random = Math.random().toString(36).slice(2, 6);
    this.#prefix = `${prefixOfMachine()}${process.pid}-${random}${++worldCount}-`;
    this.#directory = mkdtempSync(join(tmpdir(), this.#prefix));
    chmodSync(this.#directory, 0o755);
    if (activeWorlds.size === 0) endings.forEach(([name, end]) => process.on(name, end));
    activeWorlds.add(this);
  }

  /**
   * Adds hosts with an empty network: "lo" is up, no address is ever tentative, no link is there.
   *
   * @param names Each once in a world; in `Host.name`, and part of the namespace's name.
   */
  hosts<const Names extends readonly string[]>(...names: Names): Hosts<Names> {
    return this.#add(names, [
      // Solicit at once, not after up to a second, and use addresses at once, not after two.
      "echo 0 > /proc/sys/net/ipv6/conf/default/router_solicitation_delay",
      "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad",
      "echo 0 > /proc/sys/net/ipv6/conf/default/use_tempaddr",
      // IPv4 settings come from the machine, not from the kernel's defaults.
      "for path in all default; do echo 0 > /proc/sys/net/ipv4/conf/$path/rp_filter; done",
      "ip link set lo up",
    ]) as Hosts<Names>;
  }

  /** Adds hosts that forward. They ignore Router Advertisements. */
  routers<const Names extends readonly string[]>(...names: Names): Hosts<Names> {
    return this.#add(names, [
      "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad",
      "for path in all default; do",
      "  echo 1 > /proc/sys/net/ipv6/conf/$path/forwarding",
      "  echo 1 > /proc/sys/net/ipv4/conf/$path/forwarding",
      "  echo 0 > /proc/sys/net/ipv4/conf/$path/rp_filter",
      "done",
      "ip link set lo up",
    ]) as Hosts<Names>;
  }

  /** Joins pairs of hosts, each by a link of its own, and sets both ends up: any number of links at once. */
  links(pairs: readonly (readonly [LinkEnd, LinkEnd])[]): void {
    this.#makeLinks(pairs);
    // The far ends first: a host is to solicit when its router can hear.
    setUp([...pairs.map(([, far]) => far), ...pairs.map(([near]) => near)]);
  }

  /** Joins hosts by one link, through a switch of its own: a host of that name. */
  bridge(name: string, ends: readonly LinkEnd[]): void {
    const disableIpv6 = "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6";
    const bridge = this.#add([name], [disableIpv6])[0]!;
    const ports = ends.map((_, index) => ({ host: bridge, interface: `port${index}` }));
    this.#makeLinks(ends.map((end, index) => [end, ports[index]!]));
    bridge.batch([
      // A switch that waits for multicast reports, or listens before it forwards, loses the first messages.
      "link add br0 type bridge mcast_snooping 0 forward_delay 0 stp_state 0",
      "link set br0 up",
      ...ports.map((port) => `link set ${port.interface} master br0`),
    ]);
    setUp([...ports, ...ends]);
  }

  /** Takes everything down: processes, namespaces, files. Does nothing the second time. */
  async dispose(): Promise<void> {
    this.#destroy();
    await Promise.all([...this.#daemons].map(({ exited }) => exited.catch(() => {})));
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #add(names: readonly string[], setup: readonly string[]): Host[] {
    const hosts = names.map((name) => {
      return new Host(this.#asHostsSeeIt, name, this.#prefix + name, join(this.#directory, name));
    });
    // Known before they are made: what fails half-way is taken down too.
    this.#hosts.push(...hosts);
    commandOutput(
      ["ip", "-batch", "-"],
      hosts.map(({ namespace }) => `netns add ${namespace}\n`).join(""),
    );
    for (const host of hosts) {
      this.#inodes.add(`net:[${statSync(`/run/netns/${host.namespace}`).ino}]`);
      host.shell(setup.join("\n"));
    }
    return hosts;
  }

  #makeLinks(pairs: readonly (readonly [LinkEnd, LinkEnd])[]): void {
    const commands = pairs.map(([near, far]) =>
      `link add ${this.#endWords(near)} type veth peer ${this.#endWords(far)}\n`
    );
    commandOutput(["ip", "-batch", "-"], commands.join(""));
  }

  #endWords(end: LinkEnd): string {
    const mac = end.mac === undefined ? "" : `address ${end.mac} `;
    // The kernel brings a link up at once only where the two ends differ in index: where they are equal
    // it takes the link for an ordinary one and may let it wait for a second (linkwatch).
    const index = 10 + this.#linkEnds++;
    return `name ${end.interface} ${mac}index ${index} netns ${end.host.namespace}`;
  }

  #unprivilegedWay(): { argv: string[]; env: Record<string, string> } {
    this.#unprivileged ??= this.#findUnprivilegedWay();
    return this.#unprivileged;
  }

  #findUnprivilegedWay(): { argv: string[]; env: Record<string, string> } {
    const none = ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"];
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...none];
    // In a user namespace there is no such user: in another one inside it we are, and no capability counts outside.
    const inside = ["unshare", "--user", "--keep-caps", "--map-user=65534", "--map-group=65534"];
    // Under Bun some tests run Deno as well, which $DENO names.
    const runtimes = [process.execPath, process.env["DENO"] ?? process.execPath];
    const probe = ["sh", "-c", 'test -x "$0" && test -x "$1" && test -r .', ...runtimes];
    try {
      commandOutput([...nobody, ...probe]);
    } catch {
      // Also where the runtime is in a private directory. The files stay ours.
      return { argv: [...inside, "setpriv", "--ambient-caps=-all", ...none], env: {} };
    }
    const home = join(this.#directory, "home");
    mkdirSync(home);
    chmodSync(home, 0o777);
    return { argv: nobody, env: { HOME: home, DENO_DIR: join(home, "deno") } };
  }

  /** All but the waiting, so that it also serves at the end of the process. */
  #destroy(): void {
    for (const daemon of this.#daemons) daemon.kill();
    this.#killInhabitants();
    const namespaces = this.#hosts.splice(0).map(({ namespace }) => `netns del ${namespace}\n`);
    if (namespaces.length > 0) {
      try {
        commandOutput(["ip", "-force", "-batch", "-"], namespaces.join(""));
      } catch {
        // One that was never made cannot be deleted; "-force" went on to the others.
      }
    }
    rmSync(this.#directory, { recursive: true, force: true });
    activeWorlds.delete(this);
    if (activeWorlds.size === 0) endings.forEach(([name, end]) => process.off(name, end));
  }

  /** Whoever is in our namespaces was started by us, or by what we started. */
  #killInhabitants(): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        if (this.#inodes.has(readlinkSync(`/proc/${pid}/ns/net`))) {
          process.kill(Number(pid), "SIGKILL");
        }
      } catch {
        // It has ended meanwhile, or is not ours to look at.
      }
    }
    this.#inodes.clear();
  }

  static {
    destroyAll = () => activeWorlds.forEach((world) => world.#destroy());
  }
}

function setUp(ends: readonly LinkEnd[]): void {
  const commandsByHost = new Map<Host, string[]>();
  for (const { host, interface: name } of ends) {
    const commands = commandsByHost.get(host) ?? [];
    commands.push(`link set ${name} up`);
    commandsByHost.set(host, commands);
  }
  for (const [host, commands] of commandsByHost) host.batch(commands);
}

function endBySignal(signal: NodeJS.Signals): void {
  destroyAll();
  // The handlers are gone with the last world: this time the signal does what it always does.
  process.kill(process.pid, signal);
}

const endings: [string, (signal: NodeJS.Signals) => void][] = [
  ["SIGINT", endBySignal],
  ["SIGTERM", endBySignal],
  ["exit", () => destroyAll()],
];

/** A process id means something in one pid namespace only. */
function prefixOfMachine(): string {
  const pidNamespace = statSync("/proc/self/ns/pid").ino;
  return `mif${pidNamespace.toString(36)}-`;
}

/** Deletes the namespaces and files of processes that were killed before they could do it themselves. */
function removeAbandoned(): void {
  for (const name of abandonedIn("/run/netns")) {
    attempt(() => commandOutput(["ip", "netns", "del", name]));
  }
  for (const name of abandonedIn(tmpdir())) {
    attempt(() => rmSync(join(tmpdir(), name), { recursive: true, force: true }));
  }
}

/** Another process may do the same just now, or the files may be another user's. */
function attempt(removal: () => unknown): void {
  try {
    removal();
  } catch {
    // It is gone, or stays until its owner comes.
  }
}

function abandonedIn(directory: string): string[] {
  const prefix = prefixOfMachine();
  let names: string[];
  try {
    names = readdirSync(directory).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
  return names.filter((name) => {
    try {
      process.kill(Number.parseInt(name.slice(prefix.length)), 0);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ESRCH";
    }
  });
}
