/**
 * How often the servers of additional information may be asked, and when no more (RFC 8801 4.1). Pure.
 *
 * A network is what is behind one interface, and an attachment to it lasts until the link's carrier goes. Anybody on a
 * link can announce PvDs, and so have this host ask whom they like; hence the limits, and hence they are all
 * kept by interface and not by router.
 *
 * @module
 */

import { MifError } from "../error.ts";
import type { PvdInfo } from "../pvd/pvd.ts";

/** Between two requests for one PvD ID on one network. */
export const INTERVAL_MS = 10_000;
/** Requests for all PvD IDs together, on one network within that time. */
export const REQUESTS_MAX = 5;
/** PvD IDs that failed on one network, after which it is asked no more. */
export const FAILURES_MAX = 10;
/** A host may have had any number of interfaces. */
const NETWORKS_MAX = 4096;

interface Network {
  /** What was asked within the last ten seconds. */
  requests: { id: string; atMs: number }[];
  attachment: string;
  failures: Map<string, MifError>;
}

/** Names the attachment to a PvD's link, as attachmentOf() does. */
export type AttachmentOf = (link: PvdInfo["interface"]) => string;

/** Counts requests and failures. */
export class RequestLimits {
  readonly #networks = new Map<number, Network>();
  readonly #attachmentOf: AttachmentOf;

  /** @param attachmentOf What tells one attachment from the next. */
  constructor(attachmentOf: AttachmentOf) {
    this.#attachmentOf = attachmentOf;
  }

  /** Milliseconds until a request for the PvD may be sent; 0 is now. */
  waitMs({ interface: link, id }: PvdInfo, nowMs: number): number {
    const { requests } = this.#network(link, nowMs);
    const same = requests.findLast((request) => request.id === id);
    const fifthLast = requests.at(-REQUESTS_MAX);
    return Math.max(
      0,
      ...[same, fifthLast].map((request) => request ? request.atMs + INTERVAL_MS - nowMs : 0),
    );
  }

  /** A request for the PvD is being sent. */
  asked({ interface: link, id }: PvdInfo, nowMs: number): void {
    this.#network(link, nowMs).requests.push({ id, atMs: nowMs });
  }

  /** The PvD's server failed in a way after which it may not be asked again. */
  failed({ interface: link, id }: PvdInfo, error: MifError, nowMs: number): void {
    const { failures } = this.#network(link, nowMs);
    if (failures.size < FAILURES_MAX) failures.set(id, error);
  }

  /** Why the PvD may not be asked for as long as this host stays attached, or null. */
  refusal({ interface: link, id }: PvdInfo, nowMs: number): MifError | null {
    const { failures } = this.#network(link, nowMs);
    const failure = failures.get(id);
    if (failure) {
      return refused(`PvD ${id} is not asked again while this host stays attached`, failure);
    }
    if (failures.size < FAILURES_MAX) return null;
    const last = [...failures.values()].at(-1)!;
    return refused(`${FAILURES_MAX} PvDs of ${link.name} have failed, so none is asked`, last);
  }

  #network(link: PvdInfo["interface"], nowMs: number): Network {
    const attachment = this.#attachmentOf(link);
    let network = this.#networks.get(link.index);
    if (!network) {
      if (this.#networks.size >= NETWORKS_MAX) {
        this.#networks.delete(this.#networks.keys().next().value!);
      }
      this.#networks.set(
        link.index,
        network = { requests: [], attachment, failures: new Map() },
      );
    }
    // How often is asked is limited also across attachments, which whoever has the link can make at will.
    network.requests = network.requests.filter(({ atMs }) => atMs + INTERVAL_MS > nowMs);
    if (network.attachment !== attachment) {
      network.attachment = attachment;
      network.failures.clear();
    }
    return network;
  }
}

/** With the failure's own code. */
function refused(what: string, failure: MifError): MifError {
  const { code, errno, syscall, message } = failure;
  return new MifError(`${what} (RFC 8801 4.1): ${message}`, {
    code,
    errno,
    syscall,
    cause: failure,
  });
}
