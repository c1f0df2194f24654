/**
 * Whether the files that DNS configuration comes from have changed.
 *
 * They are looked at, once a second, and not waited for: of inotify(7) a bind mount (/etc/resolv.conf in a container) shows
 * nothing that happens to the directory beside it, directories come into being with their manager, and node:fs' watch()
 * keeps a process alive in Deno whatever it is told. A look is some twenty stat(2).
 *
 * @module
 */

import { readdirSync, statSync } from "node:fs";
import { STATE_FILE } from "../pvd/daemon_state.ts";

/** Files, and directories whose names and times say enough: their files are put there by rename(2). */
const PATHS = [
  "/etc/resolv.conf",
  "/run/systemd/netif/links",
  "/run/systemd/netif/leases",
  "/run/NetworkManager",
  "/run/NetworkManager/devices",
];

/** Directories whose files are written where they are. */
const DIRECTORIES = [
  "/run/dhcpcd/hook-state/resolv.conf",
  "/run/resolvconf/keys",
  "/run/resolvconf/interfaces",
  "/run/resolvconf/interface",
  "/run/resolvconf/metrics",
];

/** One file for each interface and protocol; of a directory with more, the rest goes unnoticed. */
const NAMES_MAX = 256;

/** Remembers how the files looked the last time. */
export class SourceFiles {
  #last = signature();
  #lastState = stamp(STATE_FILE);

  /**
   * Whether any file is another one, or has been written, since the last look.
   *
   * @param isTold Whether the daemon itself tells of what is new in its state.
   */
  changed(isTold: boolean): boolean {
    const [before, beforeState] = [this.#last, this.#lastState];
    this.#last = signature();
    this.#lastState = stamp(STATE_FILE);
    return this.#last !== before || (!isTold && this.#lastState !== beforeState);
  }
}

function signature(): string {
  const parts = PATHS.map(stamp);
  for (const directory of DIRECTORIES) {
    const own = stamp(directory);
    parts.push(own);
    if (own !== "") parts.push(...names(directory).map((name) => stamp(`${directory}/${name}`)));
  }
  return parts.join("\n");
}

/** Empty where there is nothing, or nothing that may be looked at. */
function stamp(path: string): string {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    return status ? `${status.dev} ${status.ino} ${status.size} ${status.mtimeMs}` : "";
  } catch {
    return "";
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory).sort().slice(0, NAMES_MAX);
  } catch {
    return [];
  }
}
