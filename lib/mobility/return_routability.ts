/**
 * The arithmetic of return routability, RFC 6275 5.2: keygen tokens, the binding management key, and the authenticator
 * of Binding Updates and Acknowledgements. On WebCrypto, so the functions are asynchronous.
 *
 * @module
 */

import { timingSafeEqual } from "node:crypto";
import { joinMessage } from "../ndp/icmpv6.ts";
import { checkedBytes, type Ipv6AddressInit, ipv6Bytes, malformed } from "./field.ts";
import { FIXED_SIZE } from "./message.ts";
import { optionFault } from "./mobility_option.ts";

/** Kcn, the secret key of a correspondent, has so many bytes. RFC 6275 5.2.1. */
export const NODE_KEY_SIZE = 20;
/** A keygen token has so many bytes. RFC 6275 5.2.3. */
export const KEYGEN_TOKEN_SIZE = 8;
/** An authenticator has so many bytes: 96 bits. RFC 6275 6.2.7. */
export const AUTHENTICATOR_SIZE = 12;
/** Seconds for which a mobile node may use a keygen token. RFC 6275 12. */
export const MAX_TOKEN_LIFETIME_SECONDS = 210;
/** Seconds for which a correspondent takes a token made of a nonce. RFC 6275 12. */
export const MAX_NONCE_LIFETIME_SECONDS = 240;
/** Seconds for which a binding that was authorized in this way may hold. RFC 6275 12. */
export const MAX_RR_BINDING_LIFETIME_SECONDS = 420;

/**
 * The home keygen token of RFC 6275 5.2.5: First64(HMAC_SHA1(Kcn, home address | nonce | 0)).
 *
 * @param nodeKey Kcn: the correspondent's own 20 random bytes.
 * @param homeAddress The source of the Home Test Init.
 * @param nonce 1 to 255 bytes; 8 are recommended.
 * @returns 8 bytes.
 * @throws {TypeError} or {RangeError} An argument is no bytes or no IPv6 address, or of the wrong size.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { homeKeygenToken } from "./return_routability.ts";
 *
 * const nodeKey = Uint8Array.fromHex("000102030405060708090a0b0c0d0e0f10111213");
 * const nonce = Uint8Array.fromHex("a0a1a2a3a4a5a6a7");
 * const token = await homeKeygenToken(nodeKey, "2001:db8:9999::1", nonce);
 * assert.equal(token.toHex(), "7696dc0e27093898");
 * ```
 */
export function homeKeygenToken(
  nodeKey: Uint8Array,
  homeAddress: Ipv6AddressInit,
  nonce: Uint8Array,
): Promise<Uint8Array> {
  return keygenToken(nodeKey, ipv6Bytes("homeAddress", homeAddress), nonce, 0);
}

/**
 * The care-of keygen token of RFC 6275 5.2.5: First64(HMAC_SHA1(Kcn, care-of address | nonce | 1)).
 *
 * @param nodeKey Kcn: the correspondent's own 20 random bytes.
 * @param careOfAddress The source of the Care-of Test Init.
 * @param nonce 1 to 255 bytes; 8 are recommended.
 * @returns 8 bytes.
 * @throws {TypeError} or {RangeError} An argument is no bytes or no IPv6 address, or of the wrong size.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { careOfKeygenToken } from "@mif/sockets/mobility";
 *
 * const nodeKey = Uint8Array.fromHex("000102030405060708090a0b0c0d0e0f10111213");
 * const nonce = Uint8Array.fromHex("a0a1a2a3a4a5a6a7");
 * const token = await careOfKeygenToken(nodeKey, "2001:db8:7777::1", nonce);
 * assert.equal(token.toHex(), "f5eeafb40f0e19ab");
 * ```
 */
export function careOfKeygenToken(
  nodeKey: Uint8Array,
  careOfAddress: Ipv6AddressInit,
  nonce: Uint8Array,
): Promise<Uint8Array> {
  return keygenToken(nodeKey, ipv6Bytes("careOfAddress", careOfAddress), nonce, 1);
}

/**
 * Kbm of RFC 6275 5.2.5, 20 bytes: SHA1(home keygen token | care-of keygen token).
 *
 * @param homeToken 8 bytes, of the Home Test.
 * @param careOfToken 8 bytes, of the Care-of Test. Null where the binding is to be deleted: SHA1(home keygen token).
 * @throws {TypeError} or {RangeError} A token is no bytes, or not 8 of them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bindingManagementKey } from "@mif/sockets/mobility";
 *
 * const homeToken = Uint8Array.fromHex("7696dc0e27093898");
 * const careOfToken = Uint8Array.fromHex("f5eeafb40f0e19ab");
 * const kbm = await bindingManagementKey(homeToken, careOfToken);
 * assert.equal(kbm.toHex(), "0efa99005e7e0839d8fd5232902020df9bceeaf2");
 * ```
 */
export async function bindingManagementKey(
  homeToken: Uint8Array,
  careOfToken: Uint8Array | null,
): Promise<Uint8Array> {
  const tokens = [checkedBytes("homeToken", homeToken, KEYGEN_TOKEN_SIZE)];
  if (careOfToken !== null) {
    tokens.push(checkedBytes("careOfToken", careOfToken, KEYGEN_TOKEN_SIZE));
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-1", joinMessage(tokens)));
}

/**
 * The authenticator of RFC 6275 6.2.7, 12 bytes: First96(HMAC_SHA1(Kbm, care-of address | correspondent | MH Data)).
 *
 * @param kbm The binding management key, 20 bytes.
 * @param careOfAddress The alternate care-of address where the Binding Update has one; the home address where the binding is
 *   deleted; else the Binding Update's source. The same for the Binding Acknowledgement.
 * @param correspondent The correspondent, in both directions. Its home address where it is mobile itself.
 * @param message The whole message, with binding authorization data of 12 bytes as its last option. What these hold, and what
 *   the checksum does, is of no account.
 * @throws {MifError} EBADMSG: the message has no such option at its end.
 * @throws {TypeError} or {RangeError} An argument is no bytes or no IPv6 address, or of the wrong size.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bindingAuthenticator, buildMobility } from "@mif/sockets/mobility";
 *
 * const kbm = Uint8Array.fromHex("0efa99005e7e0839d8fd5232902020df9bceeaf2");
 * const update = buildMobility({
 *   type: "BU",
 *   sequence: 1,
 *   lifetimeSeconds: 420,
 *   options: [
 *     { name: "nonce-indices", homeNonceIndex: 4, careOfNonceIndex: 5 },
 *     { name: "binding-authorization-data", authenticator: new Uint8Array(12) },
 *   ],
 * });
 * const made = await bindingAuthenticator(kbm, "2001:db8:7777::1", "2001:db8:8888::1", update);
 * assert.equal(made.toHex(), "498b31c665bdd3ec0a182dc3");
 * ```
 */
export async function bindingAuthenticator(
  kbm: Uint8Array,
  careOfAddress: Ipv6AddressInit,
  correspondent: Ipv6AddressInit,
  message: Uint8Array,
): Promise<Uint8Array> {
  const end = authenticatorStart(message);
  // A copy also of a Buffer, whose slice() is none.
  const data = new Uint8Array(message.subarray(0, end));
  data.fill(0, 4, 6);
  const mac = await hmacSha1(
    checkedBytes("kbm", kbm, 20),
    ipv6Bytes("careOfAddress", careOfAddress),
    ipv6Bytes("correspondent", correspondent),
    data,
  );
  return mac.slice(0, AUTHENTICATOR_SIZE);
}

/**
 * Writes the authenticator into a message and returns the same bytes; see {@linkcode bindingAuthenticator}. The checksum
 * comes after it.
 *
 * @param message It is written to.
 * @throws {MifError} EBADMSG: the message has no binding authorization data of 12 bytes at its end.
 * @throws {TypeError} or {RangeError} An argument is no bytes or no IPv6 address, or of the wrong size.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   authorizeBinding,
 *   buildMobility,
 *   sealMobility,
 *   verifyBinding,
 * } from "@mif/sockets/mobility";
 *
 * const kbm = Uint8Array.fromHex("0efa99005e7e0839d8fd5232902020df9bceeaf2");
 * const [homeAddress, careOfAddress, correspondent] = [
 *   "2001:db8:9999::1",
 *   "2001:db8:7777::1",
 *   "2001:db8:8888::1",
 * ];
 * const update = buildMobility({
 *   type: "BU",
 *   sequence: 1,
 *   lifetimeSeconds: 420,
 *   options: [
 *     { name: "nonce-indices", homeNonceIndex: 4, careOfNonceIndex: 5 },
 *     { name: "binding-authorization-data", authenticator: new Uint8Array(12) },
 *   ],
 * });
 * await authorizeBinding(kbm, careOfAddress, correspondent, update);
 * sealMobility(homeAddress, correspondent, update);
 * assert.ok(await verifyBinding(kbm, careOfAddress, correspondent, update));
 * ```
 */
export async function authorizeBinding(
  kbm: Uint8Array,
  careOfAddress: Ipv6AddressInit,
  correspondent: Ipv6AddressInit,
  message: Uint8Array,
): Promise<Uint8Array> {
  const authenticator = await bindingAuthenticator(kbm, careOfAddress, correspondent, message);
  message.set(authenticator, authenticatorStart(message));
  return message;
}

/**
 * Whether a message's authenticator is right, compared in constant time; see {@linkcode bindingAuthenticator}. False
 * where it has none, whatever its bytes are.
 *
 * @throws {TypeError} or {RangeError} The key is not of 20 bytes, or an address no IPv6 address.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildMobility, verifyBinding } from "@mif/sockets/mobility";
 *
 * const kbm = Uint8Array.fromHex("0efa99005e7e0839d8fd5232902020df9bceeaf2");
 * const unauthorized = buildMobility({ type: "BU", sequence: 1, lifetimeSeconds: 420 });
 * const right = await verifyBinding(kbm, "2001:db8:7777::1", "2001:db8:8888::1", unauthorized);
 * assert.equal(right, false);
 * ```
 */
export async function verifyBinding(
  kbm: Uint8Array,
  careOfAddress: Ipv6AddressInit,
  correspondent: Ipv6AddressInit,
  message: Uint8Array,
): Promise<boolean> {
  if (findAuthenticator(message) < 0) return false;
  const authenticator = await bindingAuthenticator(kbm, careOfAddress, correspondent, message);
  const start = authenticatorStart(message);
  return timingSafeEqual(authenticator, message.subarray(start, start + AUTHENTICATOR_SIZE));
}

/** Where the authenticator begins. @throws {MifError} EBADMSG. */
function authenticatorStart(message: Uint8Array): number {
  const start = findAuthenticator(message);
  if (start >= 0) return start;
  throw malformed(
    "bindingAuthenticator",
    `an authorized message: binding authorization data of ${AUTHENTICATOR_SIZE} bytes is not its last option`,
  );
}

/** Where the 12 bytes are, which end the message; -1 where the last option is another. */
function findAuthenticator(message: Uint8Array): number {
  const size = message instanceof Uint8Array && message.length >= 8 ? message[1]! * 8 + 8 : 0;
  const start = FIXED_SIZE[message[2]!];
  if (start === undefined || size < start || size > message.length) return -1;
  if (optionFault(message, start, size) !== null) return -1;
  let last = -1;
  for (let at = start; at < size; at += message[at] === 0 ? 1 : 2 + message[at + 1]!) last = at;
  const isIt = last >= 0 && message[last] === 5 && message[last + 1] === AUTHENTICATOR_SIZE;
  return isIt ? last + 2 : -1;
}

async function keygenToken(
  nodeKey: Uint8Array,
  address: Uint8Array,
  nonce: Uint8Array,
  kind: number,
): Promise<Uint8Array> {
  checkedBytes("nodeKey", nodeKey, NODE_KEY_SIZE);
  checkedBytes("nonce", nonce, 1, 255);
  const mac = await hmacSha1(nodeKey, address, nonce, Uint8Array.of(kind));
  return mac.slice(0, KEYGEN_TOKEN_SIZE);
}

async function hmacSha1(key: Uint8Array, ...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const algorithm = { name: "HMAC", hash: "SHA-1" };
  const imported = await crypto.subtle.importKey("raw", joinMessage([key]), algorithm, false, [
    "sign",
  ]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, joinMessage(parts)));
}
