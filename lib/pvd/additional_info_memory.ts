/**
 * The additional information that this process has of explicit PvDs, and whether it still holds.
 *
 * @module
 */

import { expiryMs, type PvdAdditionalInfo, uncoveredPrefix } from "./additional_info.ts";
import { attachmentOf } from "./attachment.ts";
import type { PvdInfo } from "./pvd.ts";

interface Known {
  info: PvdAdditionalInfo;
  expiresMs: number;
  /** The sequence number that the PvD had when it was asked for. */
  sequence: number | undefined;
  attachment: string;
}

/** A hostile link may announce PvDs without end; what came last is kept. */
const KNOWN_MAX = 1024;

/** One instance, as its additional information is asked for. */
export type InfoInstance = Pick<PvdInfo, "interface" | "router" | "id" | "sequence">;

/** Names one instance. */
export function instanceKey({ interface: { index }, router, id }: InfoInstance): string {
  return `${index} ${router} ${id}`;
}

/** Whether the PvD's router says that there is some, which alone allows to ask for it (RFC 8801 4.1). */
export function hasAdditionalInfo({ kind, httpInfo }: PvdInfo): boolean {
  return kind === "explicit" && httpInfo === true;
}

/** What was fetched, by instance. */
export class AdditionalInfoMemory {
  readonly #known = new Map<string, Known>();

  /** Keeps what was fetched for a PvD as it was then. */
  remember(pvd: InfoInstance, info: PvdAdditionalInfo, attachment: string): void {
    const key = instanceKey(pvd);
    this.#known.delete(key);
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, { info, expiresMs: expiryMs(info), sequence: pvd.sequence, attachment });
  }

  /** Forgets that of one PvD; false where there was none. */
  forget(pvd: PvdInfo): boolean {
    return this.#known.delete(instanceKey(pvd));
  }

  /**
   * That of a PvD as it is now. Undefined also where what there is has expired, where the router has changed the
   * sequence number or announces no information any more (RFC 8801 4.1), where it announces a prefix that is not covered (4.4), and
   * after another attachment.
   *
   * @param dateMs The time of day.
   */
  of(
    pvd: PvdInfo,
    dateMs: number,
    attachment: (link: PvdInfo["interface"]) => string,
  ): PvdAdditionalInfo | undefined {
    const known = hasAdditionalInfo(pvd) ? this.#known.get(instanceKey(pvd)) : undefined;
    if (
      !known || known.sequence !== pvd.sequence || known.expiresMs <= dateMs ||
      known.attachment !== attachment(pvd.interface) || uncoveredPrefix(known.info, pvd) !== null
    ) return undefined;
    return structuredClone(known.info);
  }
}

/** That of this thread. */
export const additionalInfos: AdditionalInfoMemory = new AdditionalInfoMemory();

/** What this thread knows of a PvD as it is now, the caller's to keep. */
export function knownAdditionalInfo(pvd: PvdInfo): PvdAdditionalInfo | undefined {
  return additionalInfos.of(pvd, Date.now(), attachmentOf);
}
