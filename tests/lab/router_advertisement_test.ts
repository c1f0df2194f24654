import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  option,
  pvdOption,
  routerAdvertisement,
  routerAdvertisementOptions,
} from "./router_advertisement.ts";

// That radvd and the kernel agree with the bytes of the other options is shown in tests/kernel/lab_test.ts.

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function onlyOption(init: Parameters<typeof routerAdvertisementOptions>[0]): string {
  const options = routerAdvertisementOptions(init);
  assert.equal(options.length, 1);
  return hexOf(options[0]!);
}

test("routerAdvertisement() writes the header of RFC 4861 4.2 with the flags of RFC 4191 2.2", () => {
  const message = routerAdvertisement({
    hopLimit: 63,
    managed: true,
    other: true,
    preference: "low",
    lifetimeSeconds: 0x1234,
    reachableMs: 0x01020304,
    retransMs: 0xfffffffe,
  });
  assert.equal(hexOf(message), "86000000" + "3fd81234" + "01020304" + "fffffffe");
});

test("a PvD option is padded after its ID and holds header and options as RFC 8801 3.1 draws it", () => {
  const bytes = pvdOption({
    id: "ab.example",
    http: true,
    legacy: true,
    delay: 5,
    sequence: 0x0102,
    routerAdvertisement: { lifetimeSeconds: 600 },
    options: routerAdvertisementOptions({ mtu: 1280 }),
  });
  assert.equal(
    hexOf(bytes),
    "1506" + "e005" + "0102" + "026162076578616d706c6500" + "000000000000" +
      "86000000" + "40000258" + "00000000" + "00000000" +
      "0501000000000500",
  );
});

test("a PvD option whose ID ends on 8 bytes has no padding", () => {
  assert.equal(hexOf(pvdOption({ id: "abcdefgh" })), "150200000000" + "08616263646566676800");
});

test("the captive portal option is the URI padded with zeros (RFC 8910 2.3)", () => {
  assert.equal(onlyOption({ captivePortal: "http://a" }), "2502687474703a2f2f61000000000000");
});

test("the PREF64 option scales its lifetime by 8 and codes the prefix length (RFC 8781 4)", () => {
  assert.equal(
    onlyOption({ pref64: { prefix: "64:ff9b::/96", lifetimeSeconds: 1800 } }),
    "26020708" + "0064ff9b0000000000000000",
  );
  assert.equal(
    onlyOption({ pref64: { prefix: "2001:db8::/32", lifetimeSeconds: 1 } }),
    "2602000d" + "20010db80000000000000000",
  );
  assert.throws(() => onlyOption({ pref64: { prefix: "64:ff9b::/95" } }), RangeError);
});

test("route information is as long as its prefix needs (RFC 4191 2.3)", () => {
  const route = (prefix: string) =>
    onlyOption({ routes: [{ prefix, preference: "high", lifetimeSeconds: 1200 }] });
  assert.equal(route("::/0"), "18010008000004b0");
  assert.equal(route("2001:db8::/32"), "18022008000004b0" + "20010db800000000");
  assert.equal(
    route("2001:db8:0:0:8000::/65"),
    "18034108000004b0" + "20010db8000000008000000000000000",
  );
});

test("what does not fit its field is refused", () => {
  assert.throws(() => routerAdvertisement({ lifetimeSeconds: 65536 }), RangeError);
  assert.throws(() => routerAdvertisement({ mtu: -1 }), RangeError);
  assert.throws(() => routerAdvertisement({ prefixes: [{ prefix: "192.0.2.0/24" }] }), TypeError);
  assert.throws(() => routerAdvertisement({ dnssl: [{ domains: ["a..b"] }] }), TypeError);
  assert.throws(() => option(200, new Uint8Array(2039)), RangeError);
  assert.equal(option(200, new Uint8Array(2038)).length, 2040);
});
