/**
 * `mif validate`: whether a provisioning domain lets this host through.
 *
 * @module
 */

import { type PvdValidation, validate as validatePvd } from "../mod.ts";
import { authority } from "./authority.ts";
import { requiredPvd } from "./pvd_argument.ts";
import { readOptions } from "./usage.ts";

/** The text of `mif validate --pvd PVD`, or with `--json` an object; an error where nobody could say. */
export async function validate(words: string[]): Promise<string> {
  const { pvd: name, solicit = false, ca, json } = readOptions(words, {
    pvd: { type: "string" },
    solicit: { type: "boolean" },
    ca: { type: "string" },
    json: { type: "boolean" },
  });
  const pvd = await requiredPvd(name, solicit);
  const { error, ...validation } = await validatePvd(pvd, { ca: authority(ca) });
  if (error) throw error;
  return json
    ? JSON.stringify({ pvd: pvd.id, ...validation }, null, 2) + "\n"
    : describe(validation);
}

function describe(validation: PvdValidation): string {
  const { state, server, userPortalUrl, venueInfoUrl, canExtendSession } = validation;
  const { secondsRemaining: seconds, bytesRemaining: bytes } = validation;
  const remaining = [
    seconds === undefined ? "" : `${seconds} s`,
    bytes === undefined ? "" : `${bytes} bytes`,
    canExtendSession ? "can be extended" : "",
  ];
  const rows = [
    [state, server === undefined ? "" : `says ${server}`],
    ["portal", userPortalUrl ?? ""],
    ["venue", venueInfoUrl ?? ""],
    ["remaining", remaining.filter((part) => part !== "").join(", ")],
  ];
  return rows.filter(([name, value]) => name === state || value !== "")
    .map(([name, value]) => `${`${name!.padEnd(10)} ${value}`.trim()}\n`).join("");
}
