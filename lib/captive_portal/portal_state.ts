/**
 * What a captive portal API says (RFC 8908 5). Pure.
 *
 * @module
 */

import { MifError } from "../error.ts";
import type { JsonValue } from "../json/i_json.ts";

/** The members that RFC 8908 names. */
export interface PortalState {
  /** The host may not use the network before its user has done something. */
  captive: boolean;
  /** "user-portal-url": where the user does that; always https:. */
  userPortalUrl?: string;
  /** "venue-info-url": what the place says of itself; https: or http:. */
  venueInfoUrl?: string;
  /** "can-extend-session": at the user's portal the session can be made longer. */
  canExtendSession?: boolean;
  /** "seconds-remaining": until the host is captive again. */
  secondsRemaining?: number;
  /** "bytes-remaining", sent and received: until the host is captive again. */
  bytesRemaining?: number;
}

/**
 * Reads the object. "captive" must be there; what else is not of its kind counts as not there, so that a fault in a hint
 * takes nothing away. A URL that would lead a browser elsewhere than to a web page is such a fault.
 *
 * @throws {MifError} EBADMSG.
 */
export function readPortalState(json: JsonValue): PortalState {
  const members = typeof json === "object" && json !== null && !Array.isArray(json) ? json : {};
  const { captive } = members;
  if (typeof captive !== "boolean") {
    throw new MifError('The captive portal API does not say whether the host is "captive"', {
      code: "EBADMSG",
      errno: 74,
      syscall: "validate",
    });
  }
  const state: PortalState = { captive };
  const userPortalUrl = webPage(members["user-portal-url"], ["https:"]);
  if (userPortalUrl !== null) state.userPortalUrl = userPortalUrl;
  const venueInfoUrl = webPage(members["venue-info-url"], ["https:", "http:"]);
  if (venueInfoUrl !== null) state.venueInfoUrl = venueInfoUrl;
  const { "can-extend-session": canExtend } = members;
  if (typeof canExtend === "boolean") state.canExtendSession = canExtend;
  const { "seconds-remaining": seconds, "bytes-remaining": bytes } = members;
  if (isCount(seconds)) state.secondsRemaining = seconds;
  if (isCount(bytes)) state.bytesRemaining = bytes;
  return state;
}

function webPage(value: JsonValue | undefined, schemes: string[]): string | null {
  if (typeof value !== "string" || value.length > URL_LENGTH_MAX || !URL.canParse(value)) {
    return null;
  }
  const { protocol, username, password, href } = new URL(value);
  return schemes.includes(protocol) && username === "" && password === "" ? href : null;
}

const URL_LENGTH_MAX = 8192;

function isCount(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
