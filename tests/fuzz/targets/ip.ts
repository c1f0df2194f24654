/**
 * Addresses and prefixes as text: from files, servers and command lines.
 *
 * @module
 */

import assert from "node:assert/strict";
import { formatAddress, parseAddress, parsePrefix } from "../../../lib/ip/address.ts";
import { bytesOf, type FuzzTarget, textOf } from "../target.ts";

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "ip-address",
    seeds: () =>
      bytesOf(
        ...["2001:db8::1", "fe80::1%eth0", "::ffff:192.0.2.1", "::", "192.0.2.255", "1::", "::1"],
        ...["2001:db8:1:2:3:4:5:6/64", "192.0.2.0/24", "::/0", "fe80::1/10", "0.0.0.0/32"],
      ),
    read: (bytes) => {
      const text = textOf(bytes);
      const address = parseAddress(text);
      if (address !== null) {
        assert.equal(address.bytes.length, address.family === 4 ? 4 : 16);
        const zone = address.zone === null ? "" : `%${address.zone}`;
        assert.deepEqual(parseAddress(formatAddress(address.bytes) + zone), address);
      }
      const prefix = parsePrefix(text);
      if (prefix !== null) {
        const again = `${formatAddress(prefix.bytes)}/${prefix.prefixLength}`;
        assert.deepEqual(parsePrefix(again), prefix);
      }
      return { address, prefix };
    },
    words: ["::", ":", ".", "/", "%", "ffff", "255", "0", "64"],
  },
];
