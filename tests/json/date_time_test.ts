// RFC 3339 date-times, with Date as judge where it reads the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDateTime } from "../../lib/json/date_time.ts";
import { fuzzed } from "../fuzz.ts";

test("the examples of RFC 3339 5.8 are read", () => {
  assert.equal(parseDateTime("1985-04-12T23:20:50.52Z"), Date.UTC(1985, 3, 12, 23, 20, 50, 520));
  assert.equal(parseDateTime("1996-12-19T16:39:57-08:00"), Date.UTC(1996, 11, 20, 0, 39, 57));
  assert.equal(parseDateTime("1990-12-31T23:59:60Z"), Date.UTC(1991, 0, 1));
  assert.equal(parseDateTime("1990-12-31T15:59:60-08:00"), Date.UTC(1991, 0, 1));
  assert.equal(
    parseDateTime("1937-01-01T12:00:27.87+00:20"),
    Date.UTC(1937, 0, 1, 11, 40, 27, 870),
  );
});

test("letters may be small, fractions of any length, the offset minus nothing, and years early", () => {
  assert.equal(parseDateTime("2020-02-29t06:00:00z"), Date.UTC(2020, 1, 29, 6));
  assert.equal(parseDateTime("2030-01-01T00:00:00.0000000009Z"), Date.UTC(2030, 0, 1));
  assert.equal(parseDateTime("2030-01-01T00:00:00-00:00"), Date.UTC(2030, 0, 1));
  assert.equal(parseDateTime("0050-01-01T00:00:00Z"), Date.parse("0050-01-01T00:00:00Z"));
  assert.equal(parseDateTime("9999-12-31T23:59:59Z"), Date.UTC(9999, 11, 31, 23, 59, 59));
});

test("what is no date-time of RFC 3339 is null, also where Date reads it", () => {
  const texts = [
    "",
    "2030",
    "2030-01-01",
    "2030-01-01T00:00Z",
    "2030-01-01T00:00:00",
    "2030-01-01 00:00:00Z",
    "2030-01-01T00:00:00.Z",
    "2030-01-01T00:00:00,5Z",
    "2030-01-01T00:00:00+0100",
    "2030-01-01T00:00:00+01",
    "2030-01-01T24:00:00Z",
    "2030-01-01T00:60:00Z",
    "2030-01-01T00:00:61Z",
    "2030-01-01T00:00:60Z",
    "1990-12-31T23:59:60-08:00",
    "2030-01-01T00:00:00+24:00",
    "2030-01-01T00:00:00+01:60",
    "2030-00-01T00:00:00Z",
    "2030-13-01T00:00:00Z",
    "2030-02-29T00:00:00Z",
    "2030-04-31T00:00:00Z",
    "2030-01-00T00:00:00Z",
    "+02030-01-01T00:00:00Z",
    "20300-01-01T00:00:00Z",
    "Tue, 01 Jan 2030 00:00:00 GMT",
    " 2030-01-01T00:00:00Z",
    "2030-01-01T00:00:00Z\n",
    "２030-01-01T00:00:00Z",
  ];
  for (const text of texts) assert.equal(parseDateTime(text), null, text);
});

test("what Date writes is read as Date reads it", () => {
  const date = fc.date({
    min: new Date("0000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(date, (date) => {
      assert.equal(parseDateTime(date.toISOString()), date.getTime());
    }),
    fuzzed,
  );
});
