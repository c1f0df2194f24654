import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { buildMobility, parseIpv6Packet, sealMobility } from "../../lib/mobility/mod.ts";
import {
  authorizeBinding,
  bindingAuthenticator,
  bindingManagementKey,
  careOfKeygenToken,
  homeKeygenToken,
  verifyBinding,
} from "../../lib/mobility/return_routability.ts";
import { fuzzed } from "../fuzz.ts";
import { type ExpectedPacket, hex, toHex, vectors } from "./vectors.ts";

/** What the chain of the vectors was made of. */
interface Chain {
  kcn: string;
  home_address: string;
  care_of_address: string;
  correspondent: string;
  home_nonce: string;
  coa_nonce: string;
  home_keygen_token?: string;
  care_of_keygen_token?: string;
  kbm?: string;
}

const steps = new Map(vectors<Chain>("rr").map((row) => [row.name, row.expected]));
const home = steps.get("rr:home keygen token")!;
const careOf = steps.get("rr:care-of keygen token")!;
const kcn = hex(home.kcn);
const homeToken = hex(home.home_keygen_token!);
const careOfToken = hex(careOf.care_of_keygen_token!);
const packets = vectors<ExpectedPacket>("ipv6").filter(({ name }) => name.startsWith("rr:"));

const packet = (words: string) => {
  const row = packets.find(({ name }) => name.includes(words))!;
  return parseIpv6Packet(row.bytes).payload.slice();
};

/** An authenticator begins where the message's last 12 bytes do. */
const authenticatorOf = (message: Uint8Array) => toHex(message.subarray(-12));

describe("the chain of the vectors", () => {
  const { home_address: homeAddress, care_of_address: careOfAddress, correspondent } = home;
  const alternate = "2001:db8:5555::9";

  test("keygen tokens", async () => {
    const made = await homeKeygenToken(kcn, homeAddress, hex(home.home_nonce));
    assert.equal(toHex(made), home.home_keygen_token);
    const other = await careOfKeygenToken(kcn, careOfAddress, hex(careOf.coa_nonce));
    assert.equal(toHex(other), careOf.care_of_keygen_token);
  });

  test("Kbm, and Kbm of a deletion", async () => {
    const kbm = await bindingManagementKey(homeToken, careOfToken);
    assert.equal(toHex(kbm), steps.get("rr:Kbm registration")!.kbm);
    const deleting = await bindingManagementKey(homeToken, null);
    assert.equal(toHex(deleting), steps.get("rr:Kbm de-registration")!.kbm);
  });

  const rows: [words: string, careOf: string, deletes: boolean][] = [
    ["BU to CN", careOfAddress, false],
    ["de-registration", homeAddress, true],
    ["BA from CN", careOfAddress, false],
    ["Alternate CoA", alternate, false],
  ];
  assert.equal(packets.length, rows.length + 1);
  for (const [words, address, deletes] of rows) {
    test(`authenticator: ${words}`, async () => {
      const message = packet(words);
      // The care-of address that was tested is the alternate one.
      const token = await careOfKeygenToken(kcn, address, hex(careOf.coa_nonce));
      const kbm = await bindingManagementKey(homeToken, deletes ? null : token);
      const made = await bindingAuthenticator(kbm, address, correspondent, message);
      assert.equal(toHex(made), authenticatorOf(message));
      assert.ok(await verifyBinding(kbm, address, correspondent, message));
      // Nothing of it may be another.
      assert.ok(!await verifyBinding(kbm, correspondent, address, message));
      const other = await bindingManagementKey(careOfToken, homeToken);
      assert.ok(!await verifyBinding(other, address, correspondent, message));
    });
  }

  test("a flipped bit is found", async () => {
    const kbm = await bindingManagementKey(homeToken, careOfToken);
    const flipped = packet("bit flipped");
    assert.ok(!await verifyBinding(kbm, careOfAddress, correspondent, flipped));
  });

  test("the whole Binding Update, built from its parts", async () => {
    const message = buildMobility({
      type: "BU",
      sequence: 4660,
      flags: { acknowledge: true },
      lifetimeSeconds: 420,
      options: [
        { name: "nonce-indices", homeNonceIndex: 10, careOfNonceIndex: 11 },
        { name: "binding-authorization-data", authenticator: new Uint8Array(12) },
      ],
    });
    const kbm = await bindingManagementKey(homeToken, careOfToken);
    await authorizeBinding(kbm, careOfAddress, correspondent, message);
    sealMobility(homeAddress, correspondent, message);
    assert.equal(toHex(message), toHex(packet("BU to CN")));
  });
});

test("the checksum and the authenticator itself are of no account, all other bytes are", async () => {
  const message = packet("BU to CN");
  const kbm = await bindingManagementKey(homeToken, careOfToken);
  const made = toHex(await bindingAuthenticator(kbm, "::1", "::2", message));
  const tail = message.length - 12;
  for (let at = 0; at < message.length; at++) {
    const changed = message.slice();
    changed[at]! ^= 1;
    let now: string;
    try {
      now = toHex(await bindingAuthenticator(kbm, "::1", "::2", changed));
    } catch (error) {
      // Its length, type or an option's is another one.
      assert.equal((error as { code?: string }).code, "EBADMSG");
      continue;
    }
    const ignored = at === 4 || at === 5 || at >= tail;
    assert.equal(now === made, ignored, `byte ${at}`);
  }
});

test("a message in a Buffer stays as it is", async () => {
  const message = Buffer.from(packet("BU to CN"));
  const before = message.toString("hex");
  const kbm = await bindingManagementKey(homeToken, careOfToken);
  assert.ok(await verifyBinding(kbm, home.care_of_address, home.correspondent, message));
  assert.equal(message.toString("hex"), before);
});

test("HMAC-SHA1 and SHA-1 are the published ones", async () => {
  // RFC 2202's keys are of other lengths than ours: through WebCrypto, as the functions do it.
  for (const { bytes, expected } of vectors<{ key: string; mac: string }>("hmac-sha1")) {
    const algorithm = { name: "HMAC", hash: "SHA-1" };
    const raw = Uint8Array.from(hex(expected.key));
    const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", key, Uint8Array.from(bytes));
    assert.equal(toHex(new Uint8Array(mac)), expected.mac);
  }
  for (const { bytes, expected } of vectors<{ digest: string }>("sha1")) {
    const digest = await crypto.subtle.digest("SHA-1", Uint8Array.from(bytes));
    assert.equal(toHex(new Uint8Array(digest)), expected.digest);
  }
});

describe("what is no authorized message", () => {
  const kbm = new Uint8Array(20);
  const rows: [what: string, message: Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["no option", buildMobility({ type: "BRR" })],
    [
      "authorization data of another length",
      buildMobility({
        type: "BA",
        status: 0,
        sequence: 1,
        lifetimeSeconds: 4,
        options: [{ name: "binding-authorization-data", authenticator: new Uint8Array(20) }],
      }),
    ],
    ["unknown", hex("3b01ff0000000000 0000000000000000")],
  ];
  for (const [what, message] of rows) {
    test(what, async () => {
      assert.ok(!await verifyBinding(kbm, "::1", "::2", message));
      await assert.rejects(bindingAuthenticator(kbm, "::1", "::2", message), { code: "EBADMSG" });
    });
  }

  test("any bytes", async () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(bytes, async (message) => {
        assert.ok(!await verifyBinding(kbm, "::1", "::2", message));
      }),
      fuzzed,
    );
  });
});

test("arguments are checked", async () => {
  const token = new Uint8Array(8);
  await assert.rejects(async () => await homeKeygenToken(token, "::1", token), RangeError);
  await assert.rejects(async () => await homeKeygenToken(kcn, "192.0.2.1", token), TypeError);
  await assert.rejects(
    async () => await careOfKeygenToken(kcn, "::1", new Uint8Array(0)),
    RangeError,
  );
  await assert.rejects(async () => await bindingManagementKey(kcn, null), RangeError);
  await assert.rejects(
    async () => await bindingAuthenticator(token, "::1", "::2", packet("BU to CN")),
    RangeError,
  );
});
