/**
 * The Referer of a request (Referrer Policy 8.3). There is no page here: only what the caller names is sent.
 *
 * @module
 */

const DEFAULT_POLICY = "strict-origin-when-cross-origin";

/** The field's value, or null where the policy says none; an unknown policy is the default one. */
export function refererOf(referrer: URL, target: URL, policy: string): string | null {
  if (referrer.protocol !== "http:" && referrer.protocol !== "https:") return null;
  const origin = `${referrer.origin}/`;
  const whole = `${referrer.origin}${referrer.pathname}${referrer.search}`;
  const isSame = referrer.origin === target.origin;
  const isDowngrade = referrer.protocol === "https:" && target.protocol === "http:";
  switch (policy === "" ? DEFAULT_POLICY : policy) {
    case "no-referrer":
      return null;
    case "origin":
      return origin;
    case "unsafe-url":
      return whole;
    case "same-origin":
      return isSame ? whole : null;
    case "strict-origin":
      return isDowngrade ? null : origin;
    case "no-referrer-when-downgrade":
      return isDowngrade ? null : whole;
    case "origin-when-cross-origin":
      return isSame ? whole : origin;
    default:
      return isSame ? whole : isDowngrade ? null : origin;
  }
}
