/**
 * JSON of web servers: what the owner of a PvD ID says, and a captive portal.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parsePrefix } from "../../../lib/ip/address.ts";
import { readPortalState } from "../../../lib/captive_portal/portal_state.ts";
import { MifError } from "../../../lib/error.ts";
import { parseDateTime } from "../../../lib/json/date_time.ts";
import { parseIJson } from "../../../lib/json/i_json.ts";
import { readAdditionalInfo } from "../../../lib/pvd/additional_info.ts";
import { bytesOf, type FuzzTarget, textOf } from "../target.ts";

const ID = "pvd.example.org";
const NOW_MS = Date.UTC(2026, 0, 1);

const info = JSON.stringify({
  identifier: ID,
  expires: "2030-05-23T06:00:00Z",
  prefixes: ["2001:db8:1::/48", "2001:db8:4::/48"],
  dnsZones: ["example.org", "sub.example.org."],
  noInternet: false,
  "vendor-foo": { a: [1, null, "\u00e9"] },
});
const portal = JSON.stringify({
  captive: true,
  "user-portal-url": "https://example.org/portal.html",
  "venue-info-url": "http://example.org/venue",
  "can-extend-session": true,
  "seconds-remaining": 3600,
  "bytes-remaining": 1e9,
});

const refuses = (error: unknown) =>
  error instanceof SyntaxError || (error instanceof MifError && error.code === "EBADMSG");

const words = [
  ...["{", "}", "[", "]", ",", ":", '"', "null", "true", "-0", "1e999", "0.1e-7", "\\u0000"],
  ...["\\ud800", "\\udc00", '"__proto__":', '"captive":', '"expires":', '"prefixes":', "\ufeff"],
  ...["2030-02-29T23:59:60Z", "+23:59", "::/0", "1.2.3.0/24"],
];

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "i-json",
    seeds: () => bytesOf(info, portal, '[1, -0.5e3, "\\ud83d\\ude00\\n", {"": []}, false]', '"x"'),
    read: (bytes) => {
      const value = parseIJson(bytes);
      // What is I-JSON is JSON, and means the same.
      assert.deepEqual(value, JSON.parse(textOf(bytes)));
      return value;
    },
    refuses,
    words,
  },
  {
    name: "date-time",
    seeds: () =>
      bytesOf("2030-05-23T06:00:00Z", "1985-04-12t23:20:50.52+00:20", "2016-12-31T23:59:60z"),
    read: (bytes) => {
      const text = textOf(bytes);
      const ms = parseDateTime(text);
      if (ms !== null) assert.ok(Number.isFinite(ms), text);
      return ms;
    },
    words: ["T", "Z", ":", "-", "+", ".", "60", "29", "31", "0000"],
  },
  {
    name: "additional-information",
    seeds: () => bytesOf(info),
    read: (bytes) => {
      const read = readAdditionalInfo(parseIJson(bytes), ID, NOW_MS);
      assert.equal(read.identifier, ID);
      assert.ok(parseDateTime(read.expires)! > NOW_MS);
      for (const prefix of read.prefixes) assert.ok(parsePrefix(prefix), prefix);
      for (const zone of read.dnsZones ?? []) assert.match(zone, /^[a-z0-9_.-]{1,253}$/);
      assert.equal(Object.getPrototypeOf(read), Object.prototype);
      return read;
    },
    refuses,
    words,
  },
  {
    name: "captive-portal-state",
    seeds: () => bytesOf(portal, '{"captive":false}'),
    read: (bytes) => {
      const state = readPortalState(parseIJson(bytes));
      assert.equal(typeof state.captive, "boolean");
      if (state.userPortalUrl !== undefined) assert.match(state.userPortalUrl, /^https:\/\//);
      if (state.venueInfoUrl !== undefined) assert.match(state.venueInfoUrl, /^https?:\/\//);
      for (const count of [state.secondsRemaining, state.bytesRemaining]) {
        assert.ok(count === undefined || (Number.isSafeInteger(count) && count >= 0));
      }
      return state;
    },
    refuses,
    words,
  },
];
