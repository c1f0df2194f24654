/**
 * Whether a provisioning domain lets this host through: its captive portal API (RFC 8908), asked by way of the PvD.
 *
 * @module
 */

import { MifError } from "../error.ts";
import {
  type NetworkInformationOptions,
  REQUEST_TIMEOUT_MS,
} from "../additional_info/fetch_additional_info.ts";
import { fetchHttpsJson } from "../fetch/https_json.ts";
import { checkPvd, type PvdInfo, UNRESTRICTED } from "../pvd/pvd.ts";
import { checkedWait } from "../socket/socket.ts";
import { TimeLimit } from "../socket/time_limit.ts";
import { type PortalState, readPortalState } from "./portal_state.ts";

/** What a network says of this host's access to it. */
export interface PvdValidation extends Omit<PortalState, "captive"> {
  /**
   * - `"captive"`: its captive portal API says that the host is captive. Show the user `userPortalUrl`, and ask again
   *   after that.
   * - `"limited"`: the host is not captive, but its access has bounds: a session that ends by time or bytes
   *   (`secondsRemaining`, `bytesRemaining`), or a network without Internet (`noInternet` of the additional information).
   * - `"online"`: the network says that it holds nobody captive, and names no bounds.
   * - `"unknown"`: it announces no captive portal API, or what that says could not be had (`error`).
   */
  state: "unknown" | "captive" | "online" | "limited";
  /** Whose API said so, as its certificate proves: to be shown to the user beside its portal (RFC 8908 4.1). */
  server?: string;
  /** Why nothing is known. */
  error?: MifError;
}

const MEDIA_TYPE = "application/captive+json";

/**
 * Asks the captive portal API that a PvD's network announces (RFC 8910) whether it holds this host captive.
 *
 * The question goes by way of the PvD, from the address that other connections take too, for a portal knows hosts by
 * their addresses; by https: only, and no header says who asks. Nothing is asked where the network announces nothing, or
 * that it has no portal (`urn:ietf:params:capport:unrestricted`).
 *
 * It is the network's word, which costs it nothing. To choose among those that let the host through, give
 * `choosePvd()` the PvDs that are `"online"`.
 *
 * @throws {TypeError} or {RangeError} It is no PvD, or `timeoutMs` no time.
 * @throws The signal's reason. A network that does not answer is no error but `"unknown"`.
 *
 * @example
 * ```ts ignore
 * import { choosePvd, listPvds, validate } from "@mif/sockets";
 *
 * const pvds = listPvds();
 * const validations = await Promise.all(pvds.map((pvd) => validate(pvd)));
 * const open = pvds.filter((_, i) => validations[i]!.state !== "captive");
 * console.log(choosePvd({ family: 6 }, [{ metered: false }], open).id);
 * ```
 */
export async function validate(
  pvd: PvdInfo,
  options: NetworkInformationOptions = {},
): Promise<PvdValidation> {
  checkPvd(pvd);
  checkedWait(options);
  options.signal?.throwIfAborted();
  const { captivePortal, additionalInfo } = pvd;
  const isBounded = additionalInfo?.noInternet === true;
  if (captivePortal === UNRESTRICTED) return { state: isBounded ? "limited" : "online" };
  if (captivePortal === undefined) return { state: isBounded ? "limited" : "unknown" };
  let url: URL;
  let said: PortalState;
  try {
    url = httpsUrl(captivePortal);
    said = await ask(pvd, url, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof MifError) return { state: "unknown", error };
    throw error;
  }
  const { captive, ...details } = said;
  const ends = details.secondsRemaining !== undefined || details.bytesRemaining !== undefined;
  const state = captive ? "captive" : ends || isBounded ? "limited" : "online";
  return { state, ...details, server: url.hostname };
}

async function ask(
  pvd: PvdInfo,
  url: URL,
  { signal, timeoutMs = REQUEST_TIMEOUT_MS, ca }: NetworkInformationOptions,
): Promise<PortalState> {
  using limit = new TimeLimit(signal, timeoutMs, tookTooLong);
  const json = await fetchHttpsJson(pvd, url, { mediaType: MEDIA_TYPE, signal: limit.signal, ca });
  return readPortalState(json);
}

function httpsUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return url;
  throw new MifError(
    `Cannot ask the captive portal API: ${JSON.stringify(text.slice(0, 200))} is no https: URL`,
    { code: "EPROTO", errno: 71, syscall: "validate" },
  );
}

function tookTooLong(timeoutMs: number): MifError {
  return new MifError(`The captive portal API has not answered within ${timeoutMs} ms`, {
    code: "ETIMEDOUT",
    errno: 110,
    syscall: "validate",
  });
}
