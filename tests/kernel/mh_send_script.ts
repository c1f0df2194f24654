/**
 * Many `mif mh send` in one process, for to start one takes longer than to send. The word is JSON: a list of their words.
 *
 * @module
 */

import process from "node:process";
import { send } from "../../cli/mh_send.ts";

for (const words of JSON.parse(process.argv[2]!)) {
  for await (const text of send(words)) process.stdout.write(text);
}
