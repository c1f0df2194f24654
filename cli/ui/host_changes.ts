/**
 * When the picture may be another one.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { hearChanges } from "../../lib/socket/table_news.ts";
import { MifError, watchPvds } from "../../mod.ts";

/** Where watching has failed, and the page says why, it is tried again after this time. */
const RETRY_MS = 1000;

/**
 * Has a function called after each change of the PvDs, and of the kernel's tables: links without a PvD and routing rules
 * are in the picture too.
 *
 * @param solicit Whether routers are asked, of links that come up later as well.
 * @returns What ends it.
 */
export function whenHostChanges(call: () => void, solicit: boolean): () => void {
  const controller = new AbortController();
  const stop = hearChanges(call);
  void follow(call, solicit, controller.signal);
  return () => {
    controller.abort();
    stop?.();
  };
}

async function follow(call: () => void, solicit: boolean, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const _ of watchPvds({ signal, solicit })) call();
    } catch (error) {
      if (!(error instanceof MifError)) throw error;
      call();
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}
