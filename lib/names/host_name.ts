/**
 * Host names: what may stand in one, and which have a meaning of their own.
 *
 * @module
 */

import { toAscii } from "../dns/international.ts";

/** A name that a DNS query can carry. */
export interface HostName {
  /** ASCII, as it was written where it was ASCII; without trailing dot. */
  text: string;
  /** It ended in a dot: no search domain is to be added. */
  absolute: boolean;
  /** Dots inside the name. */
  dots: number;
}

const LABEL_MAX = 63;
/** The text of a name whose wire form has the 255 bytes that RFC 1035 2.3.4 allows. */
export const NAME_MAX = 253;

/** Reads a host name, null where the text can be none: a name whose last label is a number is a broken address. */
export function parseHostName(text: string): HostName | null {
  const ascii = text.length <= 1024 ? toAscii(text) : null;
  if (ascii === null) return null;
  const absolute = ascii.endsWith(".");
  const name = absolute ? ascii.slice(0, -1) : ascii;
  const labels = name.split(".");
  if (name.length > NAME_MAX) return null;
  if (labels.some((label) => label === "" || label.length > LABEL_MAX)) return null;
  if (/^(\d+|0x[\da-f]*)$/i.test(labels.at(-1)!)) return null;
  return { text: name, absolute, dots: labels.length - 1 };
}

/** Who answers for a name. */
export type NameKind =
  /** This host's loopback, by RFC 6761 6.3. */
  | "loopback"
  /** Nobody: it names nothing in the DNS (RFC 6761 6.4, RFC 7686, RFC 9476). */
  | "none"
  /** The link, by multicast DNS (RFC 6762), which is not spoken here. */
  | "multicast-dns"
  /** The DNS. */
  | "dns";

/** Who answers for a name; RFC 6761 6 lists those that are not the DNS' and says that they are never to be asked for. */
export function nameKind(name: string): NameKind {
  switch (name.slice(name.lastIndexOf(".") + 1).toLowerCase()) {
    case "localhost":
      return "loopback";
    case "invalid":
    case "onion":
    case "alt":
      return "none";
    case "local":
      return "multicast-dns";
    default:
      return "dns";
  }
}
