/**
 * Waits until the kernel has found whether addresses that were just made are another host's (RFC 4862 5.4).
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { linux } from "../../ffi/layout.gen.ts";
import { formatAddress } from "../ip/address.ts";
import { recordAddress } from "../netlink/records.ts";
import { readSnapshot } from "../netlink/snapshot.ts";
import { noteDuplicate } from "./own_identifier.ts";
import type { PolicyAddress } from "./policy.ts";

/** One solicitation, after a second at the most, and a second for the answer; more where an admin has set more. */
const TIMEOUT_MS = 5000;
const LOOK_MS = 50;

/**
 * Waits for a verdict on each address, five seconds at the most. `isDone` is false where one was a duplicate, which is then
 * remembered: another is to be made.
 */
export async function settleAddresses(
  made: PolicyAddress[],
  signal: AbortSignal | undefined,
): Promise<{ isDone: boolean; notices: string[] }> {
  const endMs = performance.now() + TIMEOUT_MS;
  let waiting = made;
  let isDone = true;
  while (true) {
    const verdicts = waiting.map((target) => ({ target, verdict: verdictOf(target) }));
    for (const { target, verdict } of verdicts) {
      if (verdict !== "duplicate") continue;
      noteDuplicate(target.address);
      isDone = false;
    }
    waiting = verdicts.filter(({ verdict }) => verdict === "waiting").map(({ target }) => target);
    if (waiting.length === 0 || performance.now() >= endMs) break;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
  const notices = waiting.map(({ address, interface: { name } }) =>
    `${address} is not usable yet: ${name} has not found out whether another host has it`
  );
  return { isDone, notices };
}

/** The kernel takes a duplicate of limited lifetime away, and marks one without end. */
function verdictOf(target: PolicyAddress): "good" | "duplicate" | "waiting" | "gone" {
  const { links, addresses } = readSnapshot();
  const { index } = target.interface;
  if (!links.some((link) => link.index === index)) return "gone";
  const record = addresses.find((one) =>
    one.interface === index && one.family === 6 &&
    formatAddress(recordAddress(one.address, 6)) === target.address
  );
  if (!record) return "duplicate";
  if ((record.flags & linux.IFA_F_DADFAILED) !== 0) return "duplicate";
  return (record.flags & linux.IFA_F_TENTATIVE) !== 0 ? "waiting" : "good";
}
