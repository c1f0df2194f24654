/**
 * Socket addresses between the caller's form and the kernel's: sockaddr_in (ip(7)) and sockaddr_in6 (ipv6(7)).
 *
 * @module
 */

import { checkedNumber } from "../checked_number.ts";
import { MifError } from "../error.ts";
import { formatAddress } from "../ip/address.ts";
import type { SocketAddress } from "../pvd/pvd.ts";
import { knownAddress } from "./memory.ts";
import { AF_INET, AF_INET6 } from "./options.ts";

/** Where to bind, connect or send to. */
export interface SocketAddressInit {
  /** IPv4 or IPv6; an IPv6 zone may stand behind "%" as an interface's index. */
  address: string;
  /** 0 to 65535; 0 where left out. */
  port?: number;
  /** Index of the interface of a link-local address (sin6_scope_id). */
  scopeId?: number;
}

/** sockaddr_in6's size, the larger of the two. */
export const SOCKADDR_SIZE = 28;

/**
 * The kernel's form of an address for a socket of one family: 16 or 28 bytes.
 *
 * @throws {TypeError} The address is no text of an IP address, or the port or scope no number.
 * @throws {RangeError} The port or scope is out of range.
 * @throws {MifError} EAFNOSUPPORT: the address is of the other family; EINVAL: a link-local one has no scope.
 */
export function encodeSockaddr(init: SocketAddressInit, family: number): Uint8Array {
  const parsed = typeof init?.address === "string" ? knownAddress(init.address) : null;
  if (!parsed) throw new TypeError(`Not a numeric address: ${String(init?.address)}`);
  const port = checkedNumber("port", init.port ?? 0, 0xffff);
  if (family !== (parsed.family === 4 ? AF_INET : AF_INET6)) {
    throw new MifError(
      `Cannot use ${init.address} on a socket of the other family: it is IPv${parsed.family}`,
      { code: "EAFNOSUPPORT", errno: 97, syscall: "sockaddr" },
    );
  }
  const bytes = new Uint8Array(parsed.family === 4 ? 16 : SOCKADDR_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  if (parsed.family === 4) {
    bytes.set(parsed.bytes, 4);
    return bytes;
  }
  bytes.set(parsed.bytes, 8);
  view.setUint32(24, scopeOf(init, parsed.zone), true);
  return bytes;
}

/** The caller's form of a sockaddr, or null where it is of another family or too short (an unnamed socket). */
export function decodeSockaddr(bytes: Uint8Array): SocketAddress | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = bytes.length >= 16 ? view.getUint16(0, true) : 0;
  if (family === AF_INET) {
    const address = formatAddress(bytes.subarray(4, 8));
    return { family: 4, address, port: view.getUint16(2), scopeId: 0 };
  }
  if (family !== AF_INET6 || bytes.length < SOCKADDR_SIZE) return null;
  return {
    family: 6,
    address: formatAddress(bytes.subarray(8, 24)),
    port: view.getUint16(2),
    scopeId: view.getUint32(24, true),
  };
}

/** Decodes addresses of which many are equal: the text of the last one is kept. */
export class SockaddrDecoder {
  readonly #last = new Uint8Array(SOCKADDR_SIZE);
  #length = 0;
  #address: SocketAddress | null = null;

  /** As {@linkcode decodeSockaddr} does with the `length` bytes at `start`; an object of the caller's own. */
  decode(bytes: Uint8Array, start: number, length: number): SocketAddress | null {
    // The kernel says how long it was, also where that did not fit.
    length = Math.min(length, SOCKADDR_SIZE);
    if (length !== this.#length || !this.#isLast(bytes, start, length)) {
      const name = bytes.subarray(start, start + length);
      this.#address = decodeSockaddr(name);
      this.#last.set(name);
      this.#length = length;
    }
    const last = this.#address;
    return last &&
      { family: last.family, address: last.address, port: last.port, scopeId: last.scopeId };
  }

  #isLast(bytes: Uint8Array, start: number, length: number): boolean {
    for (let i = 0; i < length; i++) if (this.#last[i] !== bytes[start + i]) return false;
    return true;
  }
}

function scopeOf(init: SocketAddressInit, zone: string | null): number {
  if (init.scopeId !== undefined) return checkedNumber("scopeId", init.scopeId, 0xffffffff);
  if (zone === null) return 0;
  if (/^\d{1,10}$/.test(zone)) return checkedNumber("scopeId", Number(zone), 0xffffffff);
  throw new MifError(
    `Cannot use ${init.address}: a zone is an interface's index here; give scopeId`,
    { code: "EINVAL", errno: 22, syscall: "sockaddr" },
  );
}
