/**
 * What the `mif` daemon heard, for everybody: its state, where it is there, trustworthy and fresh.
 *
 * Whose word counts is said by the file system: /run is root's alone, so root gave /run/mif to whoever owns it, and
 * nobody else can put anything there. That is checked each time, and so are the file itself, the network namespace, and
 * that the daemon is there. Whatever is wrong is a warning, and then it is as if there were no daemon.
 *
 * That it is there says the kernel, and costs the daemon nothing: connect(2) of a datagram socket to its stream socket is
 * EPROTOTYPE as long as somebody has that open, and ECONNREFUSED from the moment on that its process ended, however that
 * came. One that is there and hangs has said nothing new for too long.
 *
 * @module
 */

import { native } from "../../ffi/library.ts";
import { bootMs } from "../boot_clock.ts";
import { AF_UNIX, encodeUnixAddress } from "../unix_address.ts";
import { readExactly, statusOf, UnreadableError } from "../sources/host_files.ts";
import type { SourceReport } from "../sources/statement.ts";
import type { PvdAdditionalInfo } from "./additional_info.ts";
import { AdditionalInfoMemory } from "./additional_info_memory.ts";
import { announcementListener } from "./advertised.ts";
import {
  ABSENCE_MAX_MS,
  DAEMON_DIRECTORY,
  type DaemonState,
  decodeState,
  SILENCE_MAX_MS,
  STATE_FILE,
  STATE_SIZE_MAX,
  STATE_SOCKET,
  StateError,
} from "./daemon_state.ts";
import type { PvdInfo } from "./pvd.ts";

/** The source as a user knows it. */
export const DAEMON = "mif-daemon";

/** What the daemon says, or why it is not used. */
export interface DaemonReading {
  /** Null where it is not used. */
  state: DaemonState | null;
  /** For the list of sources: whether there is a daemon, and what is wrong with it. */
  report: SourceReport;
  /** When that ends without anybody's telling, on CLOCK_BOOTTIME; Infinity where it does not. */
  endMs: number;
}

const SOCK_DGRAM = 2;
const EPROTOTYPE = 91;
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;
const OTHERS_WRITE = 0o022;
/** Root, also as it is shown in a user namespace that has no root: as nobody (/proc/sys/kernel/overflowuid). */
const ROOTS = [0, 65534];
/** Clocks of one machine differ by nothing; a state is rounded down. */
const FUTURE_MAX_MS = 1000;

/** What a file or the socket said last. */
interface Said {
  state: DaemonState | null;
  /** Why there is none. */
  problem: string;
}

let isOff = false;
let bySocket: Said | null = null;
/** What the socket said last, and nobody has looked at yet. */
let unread: string | null = null;
let lastFile: Said & { stamp: string } | null = null;
/** Whether we are connected, and so will be told of its end. */
let isConnected = false;
/** When it was last seen to be there. */
let presentMs = -Infinity;

/** The daemon itself, which knows better, does not read what it has written. */
export function ignoreDaemon(): void {
  isOff = true;
}

/**
 * Takes a state that the daemon gave by its socket; null when it says nothing more. It counts as long as it is the
 * latest, and is not read before somebody wants to know: another may come first.
 */
export function setDaemonState(text: string | null): void {
  unread = text;
  isConnected = text !== null;
  if (text === null) bySocket = null;
}

/** It ended, or the connection to it: what it said last holds for a while, for it may only be restarting. */
export function loseDaemon(): void {
  if (isConnected) presentMs = bootMs();
  isConnected = false;
}

/** A sign of life by the socket: its last state holds on. @returns Whether it had been silent for too long. */
export function touchDaemonState(writtenMs: number): boolean {
  const state = stateBySocket();
  if (!state) return false;
  bySocket = { state: { ...state, writtenMs }, problem: "" };
  return writtenMs - state.writtenMs > SILENCE_MAX_MS;
}

function stateBySocket(): DaemonState | null {
  if (unread !== null) bySocket = parse(unread);
  unread = null;
  return bySocket?.state ?? null;
}

/** What the daemon fetched of a PvD as it is now, by the rules of {@linkcode AdditionalInfoMemory.of}. */
export function daemonAdditionalInfo(
  { infos }: DaemonState,
  pvd: PvdInfo,
): PvdAdditionalInfo | undefined {
  let memory = infosOf.get(infos);
  if (!memory) {
    infosOf.set(infos, memory = new AdditionalInfoMemory());
    for (const { interface: index, info, ...instance } of infos) {
      memory.remember({ ...instance, interface: { index, name: "" } }, info, SAME);
    }
  }
  // A link that was away is forgotten by the daemon.
  return memory.of(pvd, Date.now(), () => SAME);
}

const SAME = "";
const infosOf = new WeakMap<DaemonState["infos"], AdditionalInfoMemory>();

/** Reads what the daemon says. Never throws for what it finds. */
export function readDaemon(nowMs: number = bootMs()): DaemonReading {
  const report = newReport();
  if (isOff) return { state: null, report, endMs: Infinity };
  const said = readFile(report);
  // Of the same run the later word counts; the socket says it first.
  const told = stateBySocket();
  const state = told && told.writtenMs >= (said?.state?.writtenMs ?? 0)
    ? told
    : said?.state ?? null;
  const isThere = state !== null && isPresent();
  if (isThere) presentMs = nowMs;
  const problem = state === null
    ? said?.problem ?? ""
    : silenceOf(state, nowMs) || strangenessOf(state, nowMs);
  if (problem === "") return { state, report, endMs: state ? endOf(state, isThere) : Infinity };
  report.warnings.push({ source: DAEMON, path: STATE_FILE, message: `not used: ${problem}` });
  return { state: null, report, endMs: Infinity };
}

/**
 * The state that the daemon before this one has left, be it gone for a while; null where there is none that could be
 * trusted.
 */
export function readLeftState(nowMs: number = bootMs()): DaemonState | null {
  const state = readFile(newReport())?.state ?? null;
  if (state === null || strangenessOf(state, nowMs) !== "") return null;
  return nowMs - state.writtenMs <= SILENCE_MAX_MS ? state : null;
}

function newReport(): SourceReport {
  return { source: DAEMON, found: false, resolvers: [], prefixes: [], warnings: [] };
}

/**
 * Whose word is the daemon's: root's, and that of whom root gave the directory. Null where there is none.
 *
 * @throws {UnreadableError} Others may write there.
 */
export function daemonUsers(): readonly number[] | null {
  const own = statusOf(DAEMON_DIRECTORY);
  if (own === null) return null;
  const parent = statusOf("/run");
  const isRoots = parent !== null && parent.isDirectory() && ROOTS.includes(parent.uid) &&
    (parent.mode & OTHERS_WRITE) === 0;
  if (!isRoots) throw new UnreadableError("not used: /run is not root's alone");
  if (!own.isDirectory()) {
    throw new UnreadableError(`not used: ${DAEMON_DIRECTORY} is no directory`);
  }
  if ((own.mode & OTHERS_WRITE) !== 0) {
    throw new UnreadableError(`not used: others than its owner may write to ${DAEMON_DIRECTORY}`);
  }
  return [parent.uid, own.uid];
}

/** SO_NETNS_COOKIE of this thread's network namespace; null where the kernel has none (before Linux 5.14). */
export function networkCookie(): string | null {
  const bytes = new Uint8Array(8);
  const fd = announcementListener();
  if (fd < 0 || native().mif_getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, bytes, 8) !== 8) {
    return null;
  }
  return String(new DataView(bytes.buffer).getBigUint64(0, true));
}

/** Null where there is nothing to be read. */
function readFile(report: SourceReport): Said | null {
  try {
    const users = daemonUsers();
    if (users === null) return null;
    let stamp = "";
    const text = readExactly(STATE_FILE, STATE_SIZE_MAX, (status) => {
      if (!users.includes(status.uid)) {
        throw new UnreadableError(`not used: it is user ${status.uid}'s and not the daemon's`);
      }
      if ((status.mode & OTHERS_WRITE) !== 0) {
        throw new UnreadableError("not used: others than its owner may write to it");
      }
      stamp = `${status.dev} ${status.ino} ${status.size} ${status.mtimeMs}`;
      return stamp !== lastFile?.stamp;
    });
    if (text !== null) lastFile = { stamp, ...parse(text) };
    report.found = stamp !== "";
    return stamp === "" ? null : lastFile;
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    report.found = true;
    report.warnings.push({ source: DAEMON, path: STATE_FILE, message: error.message });
    return null;
  }
}

function parse(text: string): Said {
  try {
    return { state: decodeState(text), problem: "" };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { state: null, problem: error.message };
  }
}

/** Whether somebody has the daemon's socket open: in its directory nobody else can have made it. */
function isPresent(): boolean {
  if (isConnected) return true;
  const fd = native().mif_socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return false;
  const result = native().mif_connect(fd, socketAddress, socketAddress.length);
  native().mif_close(fd);
  return result === -EPROTOTYPE;
}

const socketAddress = encodeUnixAddress(STATE_SOCKET);

/** That the daemon is gone, or hangs; "" where neither is. */
function silenceOf({ writtenMs }: DaemonState, nowMs: number): string {
  const silentMs = nowMs - writtenMs;
  const absentMs = nowMs - Math.max(writtenMs, presentMs);
  const ms = absentMs > ABSENCE_MAX_MS ? absentMs : silentMs > SILENCE_MAX_MS ? silentMs : 0;
  return ms === 0 ? "" : `the daemon has given no sign of life for ${Math.round(ms / 1000)} s`;
}

/** When it is to be looked at again. */
function endOf({ writtenMs }: DaemonState, isThere: boolean): number {
  if (isConnected) return writtenMs + SILENCE_MAX_MS;
  // Of its end nobody would tell.
  const endMs = Math.max(writtenMs, presentMs) + ABSENCE_MAX_MS;
  return isThere ? Math.min(endMs, writtenMs + SILENCE_MAX_MS) : endMs;
}

/** Why a state is none of this machine and network namespace; "" where it is. */
function strangenessOf({ writtenMs, network }: DaemonState, nowMs: number): string {
  if (writtenMs - nowMs > FUTURE_MAX_MS) return "it is from another time than this machine's";
  const cookie = networkCookie();
  if (cookie === null) return "the kernel does not tell in which network namespace we are";
  return cookie === network ? "" : "the daemon listens in another network namespace";
}
