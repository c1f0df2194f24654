import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFrame, eui64Address, icmpv6Frame, linkLocalOf } from "./frame.ts";

// Frames that the kernel made are read in tests/kernel/lab_test.ts.

test("addresses made of MAC addresses are those of RFC 4291 appendix A", () => {
  assert.equal(linkLocalOf("02:00:00:00:01:01"), "fe80::ff:fe00:101");
  assert.equal(
    eui64Address("2001:db8:1::", "34:56:78:9a:bc:de"),
    "2001:db8:1:0:3656:78ff:fe9a:bcde",
  );
});

test("decodeFrame() finds the transport behind extension headers and stops at what is cut off", () => {
  const frame = icmpv6Frame(Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0), {
    srcMac: "02:00:00:00:0a:0a",
    dstMac: "33:33:00:00:00:02",
    src: "fe80::1",
    dst: "ff02::2",
  });
  // Hop-by-hop options (8 bytes) and a later fragment's header (8 bytes) between IPv6 and ICMPv6.
  const withHeaders = (...headers: number[][]) =>
    Uint8Array.from([...frame.subarray(0, 54), ...headers.flat(), ...frame.subarray(54)]);
  const hopByHop = withHeaders([58, 0, 1, 4, 0, 0, 0, 0]);
  hopByHop[20] = 0;
  assert.equal(decodeFrame(hopByHop, "h0", "in")?.icmpType, 133);
  const laterFragment = withHeaders([58, 0, 0, 8, 0, 0, 0, 1]);
  laterFragment[20] = 44;
  const decoded = decodeFrame(laterFragment, "h0", "in");
  assert.deepEqual([decoded?.protocol, decoded?.icmpType], [58, null]);
  for (let length = 0; length < hopByHop.length; length++) {
    const cut = decodeFrame(hopByHop.subarray(0, length), "h0", "in");
    assert.equal(cut === null, length < 14);
    assert.equal(cut?.icmpType ?? null, length < 66 ? null : 133);
  }
});
