/**
 * A thread of a probe: connects where it is told and says what came of it.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { visit } from "./visit.ts";

parentPort!.on("message", async (to) => {
  parentPort!.postMessage(
    await visit(to).then((answer) => ({ answer }), ({ message, code }) => ({
      answer: message,
      code,
    })),
  );
});
