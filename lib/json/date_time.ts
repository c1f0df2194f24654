/**
 * Points in time as text: RFC 3339 5.6.
 *
 * @module
 */

const DATE_TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/i;

/** Milliseconds since 1970 as Date has them; null where the text is no date-time. */
export function parseDateTime(text: string): number | null {
  const match = DATE_TIME.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Six;
  const [sign = "+", offsetHour = "00", offsetMinute = "00"] = match.slice(8);
  if (hour > 23 || minute > 59 || second > 60) return null;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const date = new Date(0);
  // Not Date.UTC(), which takes year 50 for 1950.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const offsetMinutes = Number(`${sign}1`) * (Number(offsetHour) * 60 + Number(offsetMinute));
  const seconds = (hour * 60 + minute - offsetMinutes) * 60 + second;
  // A leap second is the last of a day in UTC.
  if (second === 60 && seconds % DAY_SECONDS !== 0) return null;
  return date.getTime() + seconds * 1000 + Math.trunc(Number(match[7] ?? 0) * 1000);
}

type Six = [number, number, number, number, number, number];
const DAY_SECONDS = 24 * 60 * 60;
