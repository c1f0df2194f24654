/**
 * The `mif` daemon: hears routers for those who may not, and tells everybody what they said.
 *
 * It concludes nothing. What PvDs there are is for each reader to say, from what was heard and what its own kernel has.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import process from "node:process";
import { native } from "../../ffi/library.ts";
import type { NetworkInformationOptions } from "../additional_info/fetch_additional_info.ts";
import { bootMs } from "../boot_clock.ts";
import { MifError } from "../error.ts";
import { currentSnapshot, interfaceNameOf } from "../netlink/current.ts";
import type { HeardWords } from "../pvd/advertisement_memory.ts";
import { instanceKey } from "../pvd/additional_info_memory.ts";
import {
  hearAdvertisement,
  heardEndMs,
  heardWords,
  learnWords,
  whenAnnounced,
  whenDetached,
} from "../pvd/advertised.ts";
import { attachmentOf } from "../pvd/attachment.ts";
import { ignoreDaemon, networkCookie, readLeftState } from "../pvd/daemon_file.ts";
import { type DaemonState, type FetchedInfo, STATE_SOCKET } from "../pvd/daemon_state.ts";
import { followHeard } from "../route/follow.ts";
import { hearChanges } from "../socket/table_news.ts";
import { hearAnnouncements } from "../watch/announcements.ts";
import { RouterListener } from "../watch/router_listener.ts";
import { watchPvds } from "../watch/watch_pvds.ts";
import { Publisher } from "./publisher.ts";
import { makeDirectory, removeSocket, removeState, socketStamp, writeState } from "./state_file.ts";
import { StateServer } from "./state_server.ts";

/** What {@linkcode runDaemon} takes. */
export interface DaemonOptions {
  /** Ends it. */
  signal: AbortSignal;
  /** Keeps the routes of `mif route install` applied; needs CAP_NET_ADMIN. */
  routes?: boolean;
  /** Fetches and keeps the additional information of explicit PvDs, and how it asks for it. */
  additionalInfo?: Omit<NetworkInformationOptions, "signal"> | null;
  /** Is told in a line what happens to the daemon. */
  log(message: string): void;
}

/** MAX_RTR_SOLICITATION_DELAY (RFC 4861 10): the hosts of a link may start all at once. */
const SOLICITATION_DELAY_MS = 1000;
/** How soon a link that came up is looked at: one change is many messages. */
const LINKS_MS = 50;

/**
 * Runs until the signal comes, or another daemon takes its place. Then what it has written is taken away.
 *
 * @throws {MifError} EPERM without CAP_NET_RAW, or with `routes` without CAP_NET_ADMIN; EADDRINUSE: there is a daemon already;
 *   EACCES, EPERM: /run/mif cannot be made or is somebody else's; EPROTONOSUPPORT: the kernel is older than Linux 5.14.
 */
export async function runDaemon(
  { signal, routes = false, additionalInfo = null, log }: DaemonOptions,
): Promise<void> {
  const network = networkCookie();
  if (network === null) {
    throw new MifError("Cannot name the network namespace: the kernel does not tell (Linux 5.14)", {
      code: "EPROTONOSUPPORT",
      errno: 93,
      syscall: "getsockopt",
    });
  }
  makeDirectory();
  refuseSecond();
  // What the daemon before us heard still holds.
  const before = readLeftState();
  ignoreDaemon();
  if (before) learnWords(wordsOfNow(before));
  using stack = new DisposableStack();
  const routers = RouterListener.open(hearAdvertisement);
  if (routers === null) log("the kernel has no IPv6: there are no routers to hear");
  stack.defer(() => routers?.close());
  removeSocket();
  const server = new StateServer(STATE_SOCKET, log);
  const ownSocket = socketStamp();
  // Unless another daemon has taken our place: then they are its.
  stack.defer(() => {
    if (socketStamp() === ownSocket) removeState();
    server.close();
  });
  const instance = randomBytes(16).toHex();
  const { pid } = process;
  const infos = new Map<string, FetchedInfo>();
  const ending = new AbortController();
  const publisher = new Publisher({
    state: () => {
      const writtenMs = bootMs();
      const words = heardWords(writtenMs);
      const attachments = attachmentsOf(words);
      return { instance, pid, network, writtenMs, words, attachments, infos: [...infos.values()] };
    },
    endMs: heardEndMs,
    nowMs: bootMs,
    write: (text) => {
      if (socketStamp() === ownSocket) return writeState(text);
      if (!ending.signal.aborted) log("its socket is another's now, or was removed: it ends");
      ending.abort();
    },
    publish: (text) => server.publish(text),
    sign: (line) => server.sign(line),
    log,
  });
  stack.defer(() => publisher.stop());
  stack.defer(whenAnnounced(() => publisher.note()));
  stack.defer(followLinks(routers, () => publisher.wake()));
  routers?.startSoliciting(SOLICITATION_DELAY_MS);
  publisher.start();
  log(`hears routers and tells of them in ${STATE_SOCKET}`);
  const until = AbortSignal.any([signal, ending.signal]);
  await Promise.all([
    until.aborted || once(until, "abort"),
    routes && keepRoutes(until, log),
    additionalInfo && keepInfos(until, additionalInfo, infos, () => publisher.note()),
  ]);
}

/** @throws {MifError} EADDRINUSE: a daemon answers. */
function refuseSecond(): void {
  const path = new TextEncoder().encode(STATE_SOCKET);
  const fd = native().mif_unix_connect(path, path.length, 0);
  if (fd < 0) return;
  native().mif_close(fd);
  throw new MifError(`Cannot listen at ${STATE_SOCKET}: another daemon does; end that one first`, {
    code: "EADDRINUSE",
    errno: 98,
    syscall: "bind",
  });
}

/** Which attachment each link has that something was heard on. */
function attachmentsOf({ headers }: HeardWords): Map<number, string> {
  const attachments = new Map<number, string>();
  for (const { interface: index } of headers) {
    if (attachments.has(index)) continue;
    const name = interfaceNameOf(index);
    if (name !== null) attachments.set(index, attachmentOf({ name, index }));
  }
  return attachments;
}

/** What was heard on links that have not lost their other end since, and so are in the same networks. */
function wordsOfNow({ words, attachments }: DaemonState): HeardWords {
  const now = attachmentsOf(words);
  const isSame = ({ interface: index }: { interface: number }) =>
    attachments.has(index) && attachments.get(index) === now.get(index);
  return { headers: words.headers.filter(isSame), options: words.options.filter(isSame) };
}

/** Has links that come up asked, and what was heard on those that go down forgotten. @returns What ends it. */
function followLinks(routers: RouterListener | null, wake: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    timer = undefined;
    wake();
    try {
      routers?.follow(currentSnapshot());
    } catch (error) {
      // For want of memory or descriptors, just now.
      if (!(error instanceof MifError)) throw error;
      timer = setTimeout(look, LINKS_MS * 20);
    }
  };
  const stop = hearChanges(() => timer ??= setTimeout(look, LINKS_MS));
  const stops = [whenDetached((index) => routers?.lose(index)), hearAnnouncements()];
  return () => {
    for (const end of [stop, ...stops]) end?.();
    clearTimeout(timer);
  };
}

/** Has all additional information kept, and `infos` say what there is. */
async function keepInfos(
  signal: AbortSignal,
  additionalInfo: Omit<NetworkInformationOptions, "signal">,
  infos: Map<string, FetchedInfo>,
  note: () => void,
): Promise<void> {
  for await (const { type, pvd } of watchPvds({ signal, additionalInfo })) {
    if (type === "default" || pvd.router === null) continue;
    const { interface: { index }, router, id, sequence, additionalInfo: info } = pvd;
    const key = instanceKey(pvd);
    const before = infos.get(key);
    if (type === "removed" || info === undefined || sequence === undefined) infos.delete(key);
    else infos.set(key, { interface: index, router, id, sequence, info });
    if (JSON.stringify(infos.get(key)) !== JSON.stringify(before)) note();
  }
}

async function keepRoutes(signal: AbortSignal, log: (message: string) => void): Promise<void> {
  for await (const { changes, notices } of followHeard({ signal })) {
    for (const { command } of changes) log(command);
    for (const notice of notices) log(notice);
  }
}
