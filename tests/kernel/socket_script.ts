/**
 * Runs inside a host of the lab and does with sockets what it is told: one request a line from standard input, one
 * answer a line, as each comes to its end.
 *
 * @module
 */

import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import {
  arrivalPvd,
  getprocpvd,
  getpvdinfo,
  installRoutes,
  listPvds,
  MifError,
  type PvdInfo,
  setprocpvd,
} from "../../mod.ts";
import { native } from "../../ffi/library.ts";
import type { ControlMessageInit } from "../../lib/socket/control.ts";
import { setsockopt } from "../../lib/socket/setsockopt.ts";
import type { SocketAddressInit } from "../../lib/socket/sockaddr.ts";
import { Socket, socket } from "../../lib/socket/socket.ts";
import { visit } from "./visit.ts";

/** What can be asked. */
export type SocketRequest =
  & { number: number }
  & (
    | { call: "open"; family: number; type: number; protocol?: number }
    /** The PvD that has this address now, or had when it was last remembered. */
    | { call: "select"; socket: number; address: string | null; remembered?: boolean }
    | { call: "remember"; solicit?: boolean }
    /** The same for the process; the null PvD, or none. */
    | { call: "setprocpvd"; address: string | "none" | null; remembered?: boolean }
    /** What `mif route install --solicit` does. */
    | { call: "install routes" }
    /** Its addresses. */
    | { call: "getprocpvd" }
    /** What a server says to one who connects and sends a word, without a PvD being named. */
    | { call: "visit"; to: SocketAddressInit }
    /** The same in a worker. */
    | { call: "visit in worker"; to: SocketAddressInit }
    | { call: "bind"; socket: number; to: SocketAddressInit }
    | { call: "connect"; socket: number; to: SocketAddressInit; timeoutMs?: number }
    | { call: "listen"; socket: number }
    | { call: "accept"; socket: number; timeoutMs?: number }
    | {
      call: "send";
      socket: number;
      text: string;
      /** Instead of the text. */
      bytes?: number[];
      to?: SocketAddressInit;
      control?: ControlMessageInit[];
      flags?: number;
    }
    | { call: "recv"; socket: number; timeoutMs?: number }
    /** With the sender and the control messages; the data as text. */
    | { call: "recvmsg"; socket: number; timeoutMs?: number }
    | {
      call: "setsockopt";
      socket: number;
      level: number;
      name: number;
      value: number | number[];
    }
    | { call: "getsockopt"; socket: number; level: number; name: number }
    | { call: "pvd"; socket: number }
    /** The ID of the PvD by which a connection came. */
    | { call: "arrival"; socket: number }
    | { call: "names"; socket: number }
    /** A Socket object on a duplicate of the descriptor. */
    | { call: "dup"; socket: number }
    | { call: "close"; socket: number }
  );

/** What comes back. */
export type SocketAnswer =
  & { number: number }
  & ({ value: unknown } | { error: { name: string; code?: string; message: string } });

let worker: Worker | null = null;
const sockets = new Map<number, Socket>();
let remembered: PvdInfo[] = [];

function keep(opened: Socket): number {
  sockets.set(sockets.size, opened);
  return sockets.size - 1;
}

function pvdOf(address: string, fromMemory = false): PvdInfo {
  const pvds = fromMemory ? remembered : listPvds();
  const pvd = pvds.find((pvd) => addressesOf(pvd).includes(address));
  if (!pvd) throw new Error(`No PvD has ${address}: ${JSON.stringify(pvds)}`);
  return pvd;
}

function addressesOf({ addresses }: PvdInfo): string[] {
  return addresses.map(({ address }) => address);
}

async function answer(request: SocketRequest): Promise<unknown> {
  if (request.call === "open") {
    return keep(socket(request.family, request.type, request.protocol));
  }
  if (request.call === "remember") {
    const { solicit } = request;
    remembered = solicit ? await getpvdinfo(null, "7", { solicit }) : listPvds();
    return;
  }
  if (request.call === "setprocpvd") {
    const { address } = request;
    const named = address !== null && address !== "none";
    return setprocpvd(named ? pvdOf(address, request.remembered) : address);
  }
  if (request.call === "getprocpvd") {
    const pvd = getprocpvd();
    return pvd === null || pvd === "none" ? pvd : addressesOf(pvd);
  }
  if (request.call === "install routes") return void await installRoutes({ solicit: true });
  if (request.call === "visit") return await visit(request.to);
  if (request.call === "visit in worker") {
    worker ??= new Worker(new URL("./visiting_worker.ts", import.meta.url));
    worker.postMessage(request.to);
    const [{ answer, code }] = await once(worker, "message");
    if (code !== undefined) throw new MifError(answer, { code, syscall: "worker" });
    return answer;
  }
  const s = sockets.get(request.socket)!;
  switch (request.call) {
    case "select": {
      if (request.address === null) return setsockopt(s, null);
      setsockopt(s, pvdOf(request.address, request.remembered));
      return s.getsockname().address;
    }
    case "bind":
      return s.bind(request.to);
    case "connect":
      return await s.connect(request.to, { timeoutMs: request.timeoutMs ?? 5000 });
    case "listen":
      return s.listen();
    case "accept":
      return keep(await s.accept({ timeoutMs: request.timeoutMs ?? 5000 }));
    case "send":
      return await s.sendmsg({
        data: request.bytes
          ? Uint8Array.from(request.bytes)
          : new TextEncoder().encode(request.text),
        to: request.to,
        control: request.control?.map(revived),
        flags: request.flags,
      }, { timeoutMs: 5000 });
    case "recv":
      return new TextDecoder().decode(await s.recv({ timeoutMs: request.timeoutMs ?? 5000 }));
    case "recvmsg": {
      const message = await s.recvmsg({ timeoutMs: request.timeoutMs ?? 5000 });
      const tellsDestination = message.control.some(({ name }) => name.endsWith("_PKTINFO"));
      return {
        ...message,
        data: new TextDecoder().decode(message.data),
        arrival: tellsDestination ? arrivalPvd(message)?.id ?? null : undefined,
      };
    }
    case "setsockopt": {
      const { value } = request;
      return setsockopt(
        s,
        request.level,
        request.name,
        typeof value === "number" ? value : Uint8Array.from(value),
      );
    }
    case "getsockopt":
      return s.getsockopt(request.level, request.name);
    case "pvd":
      return s.pvd && addressesOf(s.pvd);
    case "arrival":
      return arrivalPvd(s.getsockname())?.id;
    case "names":
      return [s.getsockname(), peerOf(s)];
    case "dup":
      return keep(
        new Socket(native().mif_pidfd_getfd(process.pid, s.fd), s.family, s.type, s.protocol),
      );
    case "close":
      return s.close();
  }
}

/** JSON has no Uint8Array: lists of numbers are bytes. */
function revived(message: ControlMessageInit): ControlMessageInit {
  const entries = Object.entries(message).map(([key, value]) => [
    key,
    Array.isArray(value) ? Uint8Array.from(value) : value,
  ]);
  return Object.fromEntries(entries) as ControlMessageInit;
}

function peerOf(s: Socket): unknown {
  try {
    return s.getpeername();
  } catch {
    return null;
  }
}

async function respond(request: SocketRequest): Promise<void> {
  const { number } = request;
  let reply: SocketAnswer;
  try {
    reply = { number, value: await answer(request) ?? null };
  } catch (thrown) {
    const { name, message } = thrown as Error;
    const code = thrown instanceof MifError ? thrown.code : undefined;
    reply = { number, error: { name, message, code } };
  }
  process.stdout.write(JSON.stringify(reply) + "\n");
}

for await (const line of createInterface({ input: process.stdin })) respond(JSON.parse(line));
