import assert from "node:assert/strict";
import { test } from "node:test";
import { routerSolicitation } from "../../lib/ndp/router_solicitation.ts";
import { recorded } from "./recorded.ts";

test("it is what scapy 2.5.0 makes of the same", () => {
  const mac = Uint8Array.of(2, 0, 0, 0, 0x0a, 0x0a);
  assert.deepEqual(routerSolicitation(mac), recorded("scapy_2.5.0_rs"));
});

test("a link without hardware address sends no option, a longer one is padded", () => {
  assert.deepEqual(
    routerSolicitation(new Uint8Array(0)),
    Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0),
  );
  // EUI-64 of IEEE 802.15.4 and the 20 bytes of InfiniBand: two and three units.
  for (const [size, units] of [[8, 2], [20, 3]] as const) {
    const message = routerSolicitation(new Uint8Array(size).fill(7));
    assert.equal(message.length, 8 + units * 8);
    assert.deepEqual([...message.subarray(8, 10)], [1, units]);
    assert.ok(message.subarray(10, 10 + size).every((byte) => byte === 7));
    assert.ok(message.subarray(10 + size).every((byte) => byte === 0));
  }
});
