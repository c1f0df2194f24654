/**
 * A host of the lab: one network namespace, with its own /run and /etc/resolv.conf.
 *
 * @module
 */

import { mkdirSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Advertised, Advertiser, type AdvertiserOptions } from "./advertiser.ts";
import { Capture } from "./capture.ts";
import {
  type CommandOptions,
  commandOutput,
  type CommandResult,
  LabProcess,
  type LabProcessOptions,
  runCommand,
  waitFor,
} from "./command.ts";
import { dnsmasqArgv, dnsmasqConfig, type DnsmasqOptions } from "./dnsmasq.ts";
import { scriptArgv } from "./enter.ts";
import { nsdArgv, nsdFiles, type NsdOptions } from "./nsd.ts";
import { radvdArgv, radvdConfig } from "./radvd.ts";
import { unboundArgv, unboundConfig, type UnboundOptions } from "./unbound.ts";
import type { RouterAdvertisementInit } from "./router_advertisement.ts";

/** Whether a command keeps its privileges. */
export interface PrivilegeOptions {
  /** Run it without any capability, as nobody (65534) where that user can reach the runtime. */
  unprivileged?: boolean;
}

/** What a host needs of the world it is in. */
export interface HostWorld {
  /** Goes in front of a command that is to have no privilege. */
  unprivilegedArgv(): string[];
  /** What such a command needs in its environment. */
  unprivilegedEnv(): Record<string, string>;
  /** Ends with the world. */
  adopt(daemon: LabProcess): void;
}

/** An entry of `ip -j link`, as far as tests look at it. */
export interface IpLink {
  /** The interface's index in this host. */
  ifindex: number;
  /** The interface's name. */
  ifname: string;
  /** "UP", "LOWER_UP", "BROADCAST", … */
  flags: string[];
  /** Bytes. */
  mtu: number;
  /** "UP", "DOWN", "UNKNOWN", … (RFC 2863) */
  operstate: string;
  /** The MAC address. */
  address: string;
  /** "ether", "loopback", … */
  link_type: string;
}

/** An entry of `ip -j addr`, as far as tests look at it. */
export interface IpAddresses extends IpLink {
  /** What is on the interface. */
  addr_info: IpAddress[];
}

/** An address in `ip -j addr`. */
export interface IpAddress {
  /** IPv4 or IPv6. */
  family: "inet" | "inet6";
  /** The address. */
  local: string;
  /** Bits of its prefix. */
  prefixlen: number;
  /** "global", "link" or "host". */
  scope: string;
  /** It has a lifetime: from an advertisement or a lease. */
  dynamic?: boolean;
  /** RFC 8981. */
  temporary?: boolean;
  /** Its preferred lifetime is over. */
  deprecated?: boolean;
  /** It is not known to be unique yet. */
  tentative?: boolean;
  /** Seconds; 4294967295 is without end. */
  valid_life_time: number;
  /** Seconds; 4294967295 is without end. */
  preferred_life_time: number;
}

/** An entry of `ip -j route`, as far as tests look at it. */
export interface IpRoute {
  /** "unreachable", "local", …; not there for a unicast route. */
  type?: string;
  /** A prefix, an address, or "default". */
  dst: string;
  /** The next hop; not there for what is on the link. */
  gateway?: string;
  /** Name of the interface. */
  dev?: string;
  /** Who made it: "kernel", "ra", "dhcp", "static", … */
  protocol?: string;
  /** Where all tables are asked for: all but main. */
  table?: string;
  /** Lower is better. */
  metric?: number;
  /** The source that the kernel takes with it. */
  prefsrc?: string;
  /** Seconds left. */
  expires?: number;
  /** Router preference (RFC 4191). */
  pref?: string;
  /** "linkdown", "dead", "onlink", … */
  flags: string[];
}

// What this machine has in /run (networkd, NetworkManager, resolved, the system bus) is no part of the
// lab: "ip netns exec" gives each command a mount namespace, and this puts the host's files into it.
const mountFiles = `mount --bind "$0/run" /run || exit 126
for file in "$0"/etc/*; do mount --bind "$file" "/etc/\${file##*/}" || exit 126; done
exec "$@"`;

/**
 * One host, or one router, or one switch: a network namespace with its own /run and /etc/resolv.conf. `World.hosts()` and its
 * like make them.
 *
 * What is to see the host's network runs here as a process, by {@linkcode Host.run} and its like. ip(8), and what asks by it,
 * is done at once.
 *
 * @throws {Error} A command of ip(8) or sh(1) fails: the message has what it wrote to standard error. What waits rejects
 *   when its time is over, and says for what; a daemon that does not start, with what it wrote. run() and runScript()
 *   reject only where a command cannot be started.
 *
 * @example
 * ```ts ignore
 * import assert from "node:assert/strict";
 * import { NETWORK_1, SERVICE_IPV4, twoLinks, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const { host, r1 } = await twoLinks(world);
 * const capture = await r1.host.capture("lan0");
 * const argv = ["bash", "-c", `echo hello > /dev/udp/${SERVICE_IPV4}/9`];
 * const { status } = await host.run(argv, { unprivileged: true });
 * assert.equal(status, 0);
 * const datagram = await capture.waitFor("the datagram", ({ dport }) => dport === 9);
 * assert.equal(datagram.src, NETWORK_1.hostIpv4);
 * host.ip("link", "set", "h0", "down");
 * ```
 */
export class Host {
  /** Its name in this world. */
  readonly name: string;
  /** Its namespace, as `ip netns` names it. */
  readonly namespace: string;
  #world: HostWorld;
  #directory: string;

  /** For `World.hosts()`; `directory` is for the host's own files and is made here. */
  constructor(world: HostWorld, name: string, namespace: string, directory: string) {
    this.#world = world;
    this.name = name;
    this.namespace = namespace;
    this.#directory = directory;
    mkdirSync(join(directory, "run"), { recursive: true });
    mkdirSync(join(directory, "etc"));
    this.writeFile("/etc/resolv.conf", "");
  }

  /** Runs a command here to its end. A command that fails is a result, not an exception. */
  run(
    argv: readonly string[],
    options: CommandOptions & PrivilegeOptions = {},
  ): Promise<CommandResult> {
    return runCommand(this.#argv(argv, options), { ...options, env: this.#env(options) });
  }

  /** Runs one of our scripts here, in the runtime that runs this. A relative path is from the current directory. */
  runScript(
    script: string | URL,
    args: readonly string[] = [],
    options: CommandOptions & PrivilegeOptions = {},
  ): Promise<CommandResult> {
    return this.run([...scriptArgv(scriptPath(script)), ...args], options);
  }

  /** Starts a command that stays: it ends at the latest with the world, or with this process. */
  spawn(
    argv: readonly string[],
    options: LabProcessOptions & PrivilegeOptions = {},
  ): LabProcess {
    // The kernel forgets this signal when credentials change, so it stands behind the loss of privileges.
    const bound = ["setpriv", "--pdeathsig", "KILL", "--", ...argv];
    const daemon = new LabProcess(this.#argv(bound, options), {
      ...options,
      env: this.#env(options),
    });
    this.#world.adopt(daemon);
    return daemon;
  }

  /** Starts one of our scripts that stays. */
  spawnScript(
    script: string | URL,
    args: readonly string[] = [],
    options: LabProcessOptions & PrivilegeOptions = {},
  ): LabProcess {
    return this.spawn([...scriptArgv(scriptPath(script)), ...args], options);
  }

  /** ip(8) at once; returns what it prints and throws where it fails. */
  ip(...args: string[]): string {
    return commandOutput(["ip", "-n", this.namespace, ...args]);
  }

  /** `ip -j` at once, parsed: `host.ipJson<IpRoute>("-6", "route", "show", "table", "all")`. */
  ipJson<T = Record<string, unknown>>(...args: string[]): T[] {
    const text = this.ip("-j", ...args).trim();
    return text === "" ? [] : JSON.parse(text);
  }

  /** Many ip(8) commands at once, in one process: `["addr add 192.0.2.1/24 dev h0", …]`. */
  batch(commands: readonly string[]): void {
    commandOutput(["ip", "-n", this.namespace, "-batch", "-"], commands.join("\n") + "\n");
  }

  /** Writes files of /proc/sys/net: `{ "ipv6/conf/h0/use_tempaddr": 2 }`. */
  sysctl(values: Record<string, number | string>): void {
    const script = Object.entries(values).map(([path, value]) =>
      `echo ${value} > /proc/sys/net/${path}`
    );
    this.shell(script.join("\n"));
  }

  /** A few lines of sh(1) at once, with the privileges of the lab and the machine's own /run. */
  shell(script: string): string {
    return commandOutput(["ip", "netns", "exec", this.namespace, "sh", "-ec", script]);
  }

  /**
   * Puts a file of the host's own in the place of the machine's: anything below /run, or a file directly
   * in /etc that the machine has too. Commands started later see it; those in /run also see it at once.
   *
   * @throws {TypeError} The path is another.
   */
  writeFile(path: string, text: string | Uint8Array): void {
    const target = withoutLinks(path);
    if (!target.startsWith("/run/") && !/^\/etc\/[^/]+$/.test(target)) {
      throw new TypeError(`A host has its own files in /run and /etc only: "${path}"`);
    }
    mkdirSync(dirname(join(this.#directory, target)), { recursive: true });
    writeFileSync(join(this.#directory, target), text);
  }

  /** All addresses, each with the interface it is on. */
  addresses(interfaceName?: string): (IpAddress & { interface: string })[] {
    const args = interfaceName === undefined ? [] : ["show", "dev", interfaceName];
    return this.ipJson<IpAddresses>("addr", ...args).flatMap((link) =>
      link.addr_info.map((address) => ({ ...address, interface: link.ifname }))
    );
  }

  /** The routes of the main table, or of what `args` say: `"table", "all"`. */
  routes(family: 4 | 6, ...args: string[]): IpRoute[] {
    return this.ipJson<IpRoute>(`-${family}`, "route", "show", ...args);
  }

  /** The MAC address of an interface. */
  mac(interfaceName: string): string {
    return this.ipJson<IpLink>("link", "show", "dev", interfaceName)[0]!.address;
  }

  /** Waits until this host has all these addresses, none of them tentative. */
  async waitForAddresses(addresses: readonly string[], timeoutMs?: number): Promise<void> {
    const some = addresses.slice(0, 4).join(", ") + (addresses.length > 4 ? ", …" : "");
    await waitFor(`${some} on ${this.name}`, () => {
      const usable = this.addresses().filter(({ tentative }) => !tentative);
      return addresses.every((address) => usable.some(({ local }) => local === address));
    }, timeoutMs);
  }

  /** Waits until an interface has a link-local address that is not tentative. */
  async waitForLinkLocal(interfaceName: string): Promise<void> {
    await waitFor(
      `a link-local address on ${interfaceName} of ${this.name}`,
      () => this.addresses(interfaceName).some((a) => a.scope === "link" && !a.tentative),
    );
  }

  /** Waits until this host has a default route by each of these gateways. */
  async waitForGateways(gateways: readonly string[], timeoutMs?: number): Promise<void> {
    await waitFor(`default routes by ${gateways.join(", ")} on ${this.name}`, () => {
      const routes = [4, 6].flatMap((family) => this.routes(family as 4 | 6, "default"));
      return gateways.every((gateway) => routes.some((route) => route.gateway === gateway));
    }, timeoutMs);
  }

  /** Sends Router Advertisements by our own hand: now, for each solicitation, and when told. */
  advertise(
    interfaceName: string,
    init: Advertised,
    options?: AdvertiserOptions,
  ): Promise<Advertiser> {
    return Advertiser.start(this, interfaceName, init, options);
  }

  /**
   * Starts radvd(8) for one interface, once the interface has the link-local address it needs.
   *
   * @throws {TypeError} radvd has no words for it: captive portal, PREF64, options of one's own.
   */
  async radvd(interfaceName: string, init: RouterAdvertisementInit): Promise<LabProcess> {
    const config = radvdConfig(interfaceName, init);
    await this.waitForLinkLocal(interfaceName);
    const path = join(this.#directory, `radvd-${interfaceName}.conf`);
    writeFileSync(path, config, { mode: 0o600 });
    const daemon = this.spawn(radvdArgv(path, `/run/radvd-${interfaceName}.pid`));
    await daemon.waitForOutput(/started/);
    return daemon;
  }

  /** Starts dnsmasq(8): name server, DHCPv4 server, or both. Ready when this settles. */
  async dnsmasq(options: DnsmasqOptions): Promise<LabProcess> {
    const path = join(this.#directory, "dnsmasq.conf");
    writeFileSync(path, dnsmasqConfig(options, "/run"));
    const daemon = this.spawn(dnsmasqArgv(path));
    await daemon.waitForOutput(/started, /);
    return daemon;
  }

  /** Starts nsd(8), an authoritative name server. Ready when this settles. */
  async nsd(options: NsdOptions): Promise<LabProcess> {
    const directory = join(this.#directory, "nsd");
    mkdirSync(directory, { recursive: true });
    for (const [name, text] of Object.entries(nsdFiles(options, directory))) {
      writeFileSync(join(directory, name), text);
    }
    const daemon = this.spawn(nsdArgv(join(directory, "nsd.conf")));
    await daemon.waitForOutput(/nsd started/);
    return daemon;
  }

  /** Starts unbound(8), a recursive name server. Ready when this settles. */
  async unbound(options: UnboundOptions): Promise<LabProcess> {
    const path = join(this.#directory, "unbound.conf");
    writeFileSync(path, unboundConfig(options));
    const daemon = this.spawn(unboundArgv(path));
    await daemon.waitForOutput(/start of service/);
    return daemon;
  }

  /** Starts a capture on one interface, or on all. */
  capture(interfaceName?: string): Promise<Capture> {
    return Capture.start(this, interfaceName);
  }

  #argv(argv: readonly string[], { unprivileged = false }: PrivilegeOptions): string[] {
    return [
      ...["ip", "netns", "exec", this.namespace],
      ...["sh", "-c", mountFiles, this.#directory],
      ...(unprivileged ? this.#world.unprivilegedArgv() : []),
      ...argv,
    ];
  }

  #env(
    options: { env?: Record<string, string | undefined> } & PrivilegeOptions,
  ): Record<string, string | undefined> {
    return {
      // Ways to the machine's own services that do not lead through /run.
      DBUS_SYSTEM_BUS_ADDRESS: undefined,
      DBUS_SESSION_BUS_ADDRESS: undefined,
      XDG_RUNTIME_DIR: undefined,
      // Deno asks the name servers it finds for its own, to see whether there is a newer version.
      DENO_NO_UPDATE_CHECK: "1",
      ...(options.unprivileged ? this.#world.unprivilegedEnv() : {}),
      ...options.env,
    };
  }
}

function scriptPath(script: string | URL): string {
  return script instanceof URL ? fileURLToPath(script.href) : resolve(process.cwd(), script);
}

/** The path with all links followed, as far as it exists: /etc/resolv.conf may point into /run. */
function withoutLinks(path: string): string {
  const parent = dirname(path);
  let real: string;
  try {
    real = join(realpathSync(parent), basename(path));
  } catch {
    return path;
  }
  try {
    return withoutLinks(resolve(dirname(real), readlinkSync(real)));
  } catch {
    return real;
  }
}
