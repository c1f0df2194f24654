/**
 * `mif mh decode`: one mobility message, or the packet it is in, from hexadecimal digits.
 *
 * @module
 */

import { parseAddress } from "../lib/ip/address.ts";
import { findMobility } from "../lib/mobility/packet.ts";
import { IPPROTO_MH } from "../lib/socket/options.ts";
import { MifError } from "../mod.ts";
import { bytesOf } from "./hex.ts";
import { describeJson } from "./mh_json.ts";
import { describeLine } from "./mh_line.ts";
import { judge, read, type Seen, seen } from "./mh_seen.ts";
import { readWords, UsageError } from "./usage.ts";

/**
 * The text of `mif mh decode HEX`. With `--src` and `--dst`, and `--home-address-option` where the packet had that option, also
 * whether a message's checksum is right; a whole packet has them itself.
 */
export function decode(words: string[]): string {
  const { values, positionals } = readWords(words, {
    src: { type: "string" },
    dst: { type: "string" },
    "home-address-option": { type: "string" },
    json: { type: "boolean" },
    draft: { type: "boolean" },
  }, ["HEX"]);
  const bytes = bytesOf("HEX", positionals[0]!);
  const isPacket = bytes.length >= 40 && bytes[0]! >> 4 === 6;
  const it = isPacket
    ? inPacket(bytes, values.draft ?? false)
    : alone(bytes, values.src, values.dst, values["home-address-option"]);
  return (values.json ? describeJson(it) : describeLine(it)) + "\n";
}

function inPacket(bytes: Uint8Array, draft: boolean): Seen {
  const found = findMobility(bytes, 0, bytes.length, draft);
  if (found !== null) return seen(found, null);
  throw new MifError("The packet has no mobility message", {
    code: "EBADMSG",
    errno: 74,
    syscall: "decode",
  });
}

function alone(bytes: Uint8Array, src?: string, dst?: string, homeAddress?: string): Seen {
  if ((src === undefined) !== (dst === undefined)) {
    throw new UsageError("--src and --dst go together: the checksum is over both");
  }
  const it: Seen = {
    time: null,
    interfaceName: null,
    src: src ?? "",
    dst: dst ?? "",
    tunnel: null,
    homeAddress: homeAddress ?? null,
    routingHeader: null,
    protocol: IPPROTO_MH,
    bytes,
    complete: true,
    message: read(bytes),
    checksumOk: null,
    verdict: null,
  };
  if (src !== undefined) {
    judge(it, {
      source: addressOf("--src", src),
      destination: addressOf("--dst", dst!),
      homeAddress: homeAddress === undefined
        ? null
        : addressOf("--home-address-option", homeAddress),
    });
  }
  return it;
}

function addressOf(name: string, text: string): Uint8Array {
  const parsed = parseAddress(text);
  if (parsed?.family === 6 && parsed.zone === null) return parsed.bytes;
  throw new UsageError(`${name} is not an IPv6 address`);
}
