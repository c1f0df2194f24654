/**
 * What the page says of things. Pure.
 *
 * @module
 */

import type { PvdInfo } from "../../../mod.ts";
import type { Refusal } from "../picture.ts";
import type { PageFunctions } from "./script.ts";

/** Seconds as people say them; null is for ever. */
export function duration(seconds: number | null): string {
  if (seconds === null) return "forever";
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** How it is known what belongs to a PvD. */
export function originOf({ attribution, router, interface: { name } }: PvdInfo): string {
  switch (attribution) {
    case "interface":
      return `configured on ${name}, by IPv4 or by hand`;
    case "sole-router":
      return "from the only router of its link";
    case "router-advertisement":
      return "heard from its router";
    case "mif-daemon":
      return "heard from its router by mif daemon";
    case "systemd-networkd":
      return "from its router, says systemd-networkd";
    case "rule":
      return "from its router, says a routing rule";
    case "unknown":
      return router === null
        ? "of several routers, nothing says which gave what"
        : "nothing says which addresses this router gave";
  }
}

/** The reason alone: which PvD it is about is plain from where it stands, and what to do is said once for all. */
export function reasonOf({ message }: Refusal): string {
  const reason = message.replace(/^Cannot [a-z ]+ PvD \S+: /, "").replace(/; mif .*$/, "");
  return reason.charAt(0).toUpperCase() + reason.slice(1);
}

/** The command that a refusal recommends, and what it does; null where there is none. */
export function remedyOf({ message }: Refusal): { command: string; does: string } | null {
  const [, command, does] = /; (mif [a-z]+ (?:install|--solicit)) (.*)$/.exec(message) ?? [];
  if (command === undefined || does === undefined) return null;
  // What another process has heard this one has not.
  return { command: command.replace("mif list", "mif ui"), does };
}

/** For the page's script. */
export const inPage: PageFunctions = [
  duration,
  originOf,
  reasonOf,
  remedyOf,
];
