/**
 * Whether a body is the one the caller means (Subresource Integrity 3.3).
 *
 * @module
 */

import { createHash } from "node:crypto";

const METADATA = /^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(?:\?.*)?$/;

/** Whether the bytes have one of the hashes of the strongest kind named; true where none is named that is known. */
export function matchesIntegrity(bytes: Uint8Array, integrity: string): boolean {
  const named = integrity.split(/[\t\n\f\r ]+/).flatMap((item) => {
    const [, algorithm, digest] = METADATA.exec(item) ?? [];
    return algorithm === undefined ? [] : [{ algorithm, digest: withoutVariant(digest!) }];
  });
  // The names sort as their strength does.
  const strongest = named.map(({ algorithm }) => algorithm).sort().at(-1);
  if (strongest === undefined) return true;
  const actual = withoutVariant(createHash(strongest).update(bytes).digest("base64"));
  return named.some(({ algorithm, digest }) => algorithm === strongest && digest === actual);
}

/** Base64 of either alphabet, without padding. */
function withoutVariant(base64: string): string {
  return base64.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
}
