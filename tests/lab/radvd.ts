/**
 * radvd(8) as a router of the lab: the advertisements of a real daemon.
 *
 * @module
 */

import type { RouterAdvertisementInit } from "./router_advertisement.ts";

/**
 * radvd.conf(5) for one interface that says what `init` says. Throws where radvd 2.19 has no words for
 * it: captive portal, PREF64 and raw options need an `Advertiser`.
 */
export function radvdConfig(interfaceName: string, init: RouterAdvertisementInit): string {
  if (init.captivePortal !== undefined || init.pref64 !== undefined || init.options !== undefined) {
    throw new TypeError("radvd 2.19 sends no captive portal, PREF64 or raw options");
  }
  return block(`interface ${interfaceName}`, [
    "AdvSendAdvert on;",
    // The shortest intervals it takes, so that nobody waits for minutes.
    "MinRtrAdvInterval 3;",
    "MaxRtrAdvInterval 4;",
    "MinDelayBetweenRAs 3;",
    `AdvSourceLLAddress on;`,
    `AdvCurHopLimit ${init.hopLimit ?? 64};`,
    `AdvManagedFlag ${onOff(init.managed ?? false)};`,
    `AdvOtherConfigFlag ${onOff(init.other ?? false)};`,
    `AdvDefaultPreference ${init.preference ?? "medium"};`,
    `AdvDefaultLifetime ${init.lifetimeSeconds ?? 1800};`,
    `AdvReachableTime ${init.reachableMs ?? 0};`,
    `AdvRetransTimer ${init.retransMs ?? 0};`,
    ...(init.mtu === undefined ? [] : [`AdvLinkMTU ${init.mtu};`]),
    ...(init.prefixes ?? []).map((prefix) =>
      block(`prefix ${prefix.prefix}`, [
        `AdvOnLink ${onOff(prefix.onLink ?? true)};`,
        `AdvAutonomous ${onOff(prefix.autonomous ?? true)};`,
        `AdvValidLifetime ${seconds(prefix.validSeconds)};`,
        `AdvPreferredLifetime ${seconds(prefix.preferredSeconds ?? 900)};`,
      ])
    ),
    ...(init.routes ?? []).map((route) =>
      block(`route ${route.prefix}`, [
        `AdvRoutePreference ${route.preference ?? "medium"};`,
        `AdvRouteLifetime ${seconds(route.lifetimeSeconds)};`,
      ])
    ),
    ...(init.rdnss ?? []).map(({ servers, lifetimeSeconds }) =>
      block(`RDNSS ${servers.join(" ")}`, [`AdvRDNSSLifetime ${seconds(lifetimeSeconds)};`])
    ),
    ...(init.dnssl ?? []).map(({ domains, lifetimeSeconds }) =>
      block(`DNSSL ${domains.join(" ")}`, [`AdvDNSSLLifetime ${seconds(lifetimeSeconds)};`])
    ),
  ]);
}

/** The command line: in the foreground, words to standard error, as the user it was started by. */
export function radvdArgv(configPath: string, pidPath: string): string[] {
  return ["radvd", "--nodaemon", "--logmethod=stderr", "-C", configPath, "-p", pidPath];
}

function block(head: string, lines: string[]): string {
  return `${head}\n{\n${lines.map((line) => line.replace(/^/gm, "  ")).join("\n")}\n};`;
}

function onOff(flag: boolean): string {
  return flag ? "on" : "off";
}

function seconds(value = 1800): string {
  return value === Infinity ? "infinity" : String(value);
}
