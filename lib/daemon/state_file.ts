/**
 * The daemon's directory and the state file in it, which is always a whole one: written beside it and renamed.
 *
 * @module
 */

import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { MifError } from "../error.ts";
import { DAEMON_DIRECTORY, STATE_FILE, STATE_SOCKET } from "../pvd/daemon_state.ts";

const TEMPORARY = `${STATE_FILE}.new`;

/**
 * Makes the directory where it is not there.
 *
 * @throws {MifError} EACCES, EPERM: it cannot be made, or is somebody else's, or others may write to it.
 */
export function makeDirectory(): void {
  try {
    mkdirSync(DAEMON_DIRECTORY, { mode: 0o755 });
    // mkdir(2) takes the umask away from it.
    chmodSync(DAEMON_DIRECTORY, 0o755);
  } catch (error) {
    const { code = "EIO", message } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") {
      throw refused(`${message}; run it as root, or by its systemd unit, which makes it`, code);
    }
  }
  const status = lstatSync(DAEMON_DIRECTORY);
  const isOurs = status.isDirectory() && status.uid === process.geteuid!() &&
    (status.mode & 0o022) === 0;
  if (!isOurs) {
    throw refused("it is no directory that is this user's alone; remove it", "EPERM");
  }
}

/** Replaces the state. Throws what the file system says; then the old one stands. */
export function writeState(text: string): void {
  try {
    // What a daemon that was killed in the middle has left.
    rmSync(TEMPORARY, { force: true });
    writeFileSync(TEMPORARY, text + "\n", { flag: "wx", mode: 0o644 });
    chmodSync(TEMPORARY, 0o644);
    renameSync(TEMPORARY, STATE_FILE);
  } catch (error) {
    // Half a state takes room that the next one needs.
    rmSync(TEMPORARY, { force: true });
    throw error;
  }
}

/** Takes away the socket of a daemon that was killed; its state stands until there is another. */
export function removeSocket(): void {
  rmSync(STATE_SOCKET, { force: true });
}

/** Takes away all but the directory. */
export function removeState(): void {
  for (const path of [TEMPORARY, STATE_FILE, STATE_SOCKET]) rmSync(path, { force: true });
}

/** Tells our socket from one that took its place. */
export function socketStamp(): string {
  const status = lstatSync(STATE_SOCKET, { throwIfNoEntry: false });
  return status ? `${status.dev} ${status.ino}` : "";
}

function refused(why: string, code: string): MifError {
  return new MifError(`Cannot keep the daemon's state in ${DAEMON_DIRECTORY}: ${why}`, {
    code,
    syscall: "mkdir",
  });
}
