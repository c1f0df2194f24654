// What a captive portal API says (RFC 8908 5), and what is answered without asking anybody.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readPortalState } from "../../lib/captive_portal/portal_state.ts";
import type { JsonValue } from "../../lib/json/i_json.ts";
import { MifError, type PvdInfo, validate } from "../../mod.ts";
import { explicitPvd, infoOf } from "../additional_info/made_up.ts";
import { fuzzed } from "../fuzz.ts";

test("the examples of RFC 8908 6 are read", () => {
  assert.deepEqual(
    readPortalState({
      captive: true,
      "user-portal-url": "https://example.org/portal.html",
    }),
    { captive: true, userPortalUrl: "https://example.org/portal.html" },
  );
  assert.deepEqual(
    readPortalState({
      captive: false,
      "user-portal-url": "https://example.org/portal.html",
      "venue-info-url": "https://flight.example.com/entertainment",
      "seconds-remaining": 326,
      "bytes-remaining": 5_000_000_000,
      "can-extend-session": true,
    }),
    {
      captive: false,
      userPortalUrl: "https://example.org/portal.html",
      venueInfoUrl: "https://flight.example.com/entertainment",
      secondsRemaining: 326,
      bytesRemaining: 5_000_000_000,
      canExtendSession: true,
    },
  );
});

test('what does not say "captive" says nothing', () => {
  const values: JsonValue[] = [
    null,
    true,
    "captive",
    [],
    [{ captive: true }],
    {},
    { captive: "true" },
    { captive: 0 },
    { captive: null },
    { Captive: true },
  ];
  for (const json of values) {
    assert.throws(() => readPortalState(json), (error) => {
      return error instanceof MifError && error.code === "EBADMSG";
    }, JSON.stringify(json));
  }
});

test("a hint that is not of its kind counts as not there, and a portal is on the web, with TLS", () => {
  const hints: [name: string, value: JsonValue][] = [
    ["user-portal-url", "http://example.org/"],
    ["user-portal-url", "javascript:alert(1)"],
    ["user-portal-url", "file:///etc/passwd"],
    ["user-portal-url", "https://user:secret@example.org/"],
    ["user-portal-url", "/portal.html"],
    ["user-portal-url", `https://example.org/${"a".repeat(9000)}`],
    ["user-portal-url", 1],
    ["venue-info-url", "data:text/html,x"],
    ["venue-info-url", null],
    ["can-extend-session", "yes"],
    ["seconds-remaining", -1],
    ["seconds-remaining", 1.5],
    ["seconds-remaining", "326"],
    ["bytes-remaining", 1e300],
  ];
  for (const [name, value] of hints) {
    assert.deepEqual(readPortalState({ captive: false, [name]: value }), { captive: false });
  }
  const { venueInfoUrl } = readPortalState({
    captive: false,
    "venue-info-url": "http://example.org/ü\u0007/",
  });
  assert.equal(venueInfoUrl, "http://example.org/%C3%BC%07/");
});

test("any JSON value is read or refused", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (value, hint) => {
      const members = ["user-portal-url", "venue-info-url", "seconds-remaining", "bytes-remaining"];
      const objects = members.map((name) => ({ captive: true, [name]: hint }));
      for (const json of [value, ...objects]) {
        try {
          readPortalState(json as JsonValue);
        } catch (error) {
          assert.ok(error instanceof MifError, String(error));
        }
      }
    }),
    fuzzed,
  );
});

test("what the network says by itself is not asked for", async () => {
  const plain = explicitPvd("plain.example");
  const unrestricted = { captivePortal: "urn:ietf:params:capport:unrestricted" };
  const walled = { additionalInfo: infoOf("plain.example", { noInternet: true }) };
  const states: [pvd: PvdInfo, state: string][] = [
    [plain, "unknown"],
    [{ ...plain, ...unrestricted }, "online"],
    [{ ...plain, ...walled }, "limited"],
    [{ ...plain, ...unrestricted, ...walled }, "limited"],
  ];
  for (const [pvd, state] of states) assert.deepEqual(await validate(pvd), { state });
});

test("an API that is not behind https: is not asked", async () => {
  const uris = [
    "http://portal.example/api",
    "urn:other",
    "https://a:b@portal.example/",
    "https://",
  ];
  for (const captivePortal of uris) {
    const { state, error } = await validate(explicitPvd("a.example", { captivePortal }));
    assert.deepEqual([state, error?.code], ["unknown", "EPROTO"], captivePortal);
  }
});

test("a PvD whose network is not there is unknown, what is no PvD is misuse, and an abort is one", async () => {
  const pvd = explicitPvd("a.example", { captivePortal: "https://192.0.2.1/api" });
  const gone = { ...pvd, interface: { name: "gone0", index: 999_999 } };
  const { state, error } = await validate(gone);
  assert.deepEqual([state, error?.code], ["unknown", "ENONET"]);
  await assert.rejects(validate({} as PvdInfo), { name: "TypeError" });
  const reason = new Error("enough");
  await assert.rejects(validate(gone, { signal: AbortSignal.abort(reason) }), reason);
});
