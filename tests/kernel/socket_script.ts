/**
 * Runs inside a host of the lab and does with sockets what it is told: one request a line from standard input, one
 * answer a line, as each comes to its end.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { getpvdinfo, listPvds, MifError, type PvdInfo } from "../../mod.ts";
import type { ControlMessageInit } from "../../lib/socket/control.ts";
import { setsockopt } from "../../lib/socket/setsockopt.ts";
import type { SocketAddressInit } from "../../lib/socket/sockaddr.ts";
import { Socket, socket } from "../../lib/socket/socket.ts";

/** What can be asked. */
export type SocketRequest =
  & { number: number }
  & (
    | { call: "open"; family: number; type: number; protocol?: number }
    /** The PvD that has this address now, or had when it was last remembered. */
    | { call: "select"; socket: number; address: string | null; remembered?: boolean }
    | { call: "remember"; solicit?: boolean }
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
    | { call: "names"; socket: number }
    /** Another Socket object on a descriptor of the same kernel socket. */
    | { call: "again"; socket: number; type: number }
    | { call: "close"; socket: number }
  );

/** What comes back. */
export type SocketAnswer =
  & { number: number }
  & ({ value: unknown } | { error: { name: string; code?: string; message: string } });

const sockets = new Map<number, Socket>();
let remembered: PvdInfo[] = [];

function keep(opened: Socket): number {
  sockets.set(sockets.size, opened);
  return sockets.size - 1;
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
  const s = sockets.get(request.socket)!;
  switch (request.call) {
    case "select": {
      if (request.address === null) return setsockopt(s, null);
      const pvds = request.remembered ? remembered : listPvds();
      const has = (pvd: PvdInfo) =>
        pvd.addresses.some(({ address }) => address === request.address);
      const pvd = pvds.find(has);
      if (!pvd) throw new Error(`No PvD has ${request.address}: ${JSON.stringify(pvds)}`);
      setsockopt(s, pvd);
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
      return { ...message, data: new TextDecoder().decode(message.data) };
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
      return s.pvd?.addresses.map(({ address }) => address) ?? null;
    case "names":
      return [s.getsockname(), peerOf(s)];
    case "again":
      return keep(new Socket(s.fd, s.family, request.type, s.protocol));
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
