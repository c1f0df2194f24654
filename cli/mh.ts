/**
 * `mif mh`: the messages of Mobile IPv6, to be looked at and sent.
 *
 * @module
 */

import { decode } from "./mh_decode.ts";
import { dump } from "./mh_dump.ts";
import { send } from "./mh_send.ts";
import { UsageError } from "./usage.ts";

/** The text of `mif mh dump`, `decode` and `send`. */
export function mh(words: string[]): string | Promise<string> | AsyncIterable<string> {
  const [action = "", ...rest] = words;
  switch (action) {
    case "dump":
      return dump(rest);
    case "decode":
      return decode(rest);
    case "send":
      return send(rest);
    default:
      throw new UsageError("mif mh takes dump, decode or send");
  }
}
