/**
 * Several options of a descriptor, read in one native call.
 *
 * @module
 */

import { OptionRecord } from "../../ffi/layout.gen.ts";
import { native } from "../../ffi/library.ts";
import { checkedNumber } from "../checked_number.ts";
import { checked } from "../errno.ts";

/** getsockopt(2) of each: its first four bytes as an int, null where it has no value. */
export function readOptions(
  fd: number,
  names: readonly (readonly [level: number, name: number])[],
): (number | null)[] {
  const bytes = new Uint8Array(names.length * OptionRecord.SIZE);
  const view = new DataView(bytes.buffer);
  const records = names.map(([level, name], i) => {
    const record = new OptionRecord(view, i * OptionRecord.SIZE);
    record.level = checkedNumber("level", level, 0xffff);
    record.name = checkedNumber("name", name, 0xffff);
    return record;
  });
  const result = native().mif_getsockopts(fd, bytes, bytes.length);
  checked(result, "getsockopt", "Cannot read the socket's options");
  return records.map(({ value, length }) => length === 0 ? null : value);
}
