/**
 * A mobility message in one line of text, for eyes.
 *
 * @module
 */

import type { MobilityMessage, MobilityOption } from "../lib/mobility/mod.ts";
import { hex } from "./hex.ts";
import type { RoutingHeaderSeen, Seen } from "./mh_seen.ts";

/** The line, without its end. */
export function describeLine(it: Seen): string {
  const { time, src, dst, message, tunnel, homeAddress, routingHeader } = it;
  let text = time === null ? "" : `${time} `;
  if (it.interfaceName !== null) text += `${it.interfaceName} `;
  if (src !== "") text += `${src} > ${dst}: `;
  if (tunnel !== null) text += `in ${tunnel.src} > ${tunnel.dst} `;
  text += message === null ? unread(it) : describeMessage(message);
  if (homeAddress !== null) text += `, home address ${homeAddress}`;
  if (routingHeader !== null) text += describeRouting(routingHeader);
  if (message !== null && message.type !== "unknown") {
    const { options } = message;
    for (let i = 0; i < options.length; i++) text += describeOption(options[i]!);
  }
  return text + describeVerdict(it);
}

function unread({ bytes, complete }: Seen): string {
  return complete ? `unreadable ${hex(bytes)}` : `cut short ${hex(bytes)}`;
}

function describeMessage(message: MobilityMessage): string {
  switch (message.type) {
    case "BRR":
      return "BRR";
    case "HoTI":
    case "CoTI":
      return `${message.type} cookie ${hex(message.cookie)}`;
    case "HoT":
    case "CoT":
      return `${message.type} nonce ${message.nonceIndex} cookie ${hex(message.cookie)}` +
        ` token ${hex(message.keygenToken)}`;
    case "BU":
      return `BU sequence ${message.sequence}${flags(message.rawFlags, BU_FLAGS, 16)}` +
        ` lifetime ${message.lifetimeSeconds} s`;
    case "BA":
      return `BA status ${named(message.status, message.statusName)}` +
        ` sequence ${message.sequence}${flags(message.rawFlags, BA_FLAGS, 8)}` +
        ` lifetime ${message.lifetimeSeconds} s`;
    case "BE":
      return `BE status ${named(message.status, message.statusName)}` +
        ` home address ${message.homeAddress}`;
    case "unknown":
      return `type ${named(message.mhType, message.mhTypeName)} data ${hex(message.data)}`;
  }
}

/** Flags of a Binding Update by bit, the first one first: RFC 6275's, and those that other documents use. */
export const BU_FLAGS = "AHLKMRPFTBSD";
/** Flags of a Binding Acknowledgement by bit, the first one first. */
export const BA_FLAGS = "KRPTBSD";

function flags(bits: number, letters: string, width: number): string {
  if (bits === 0) return "";
  let text = " ";
  for (let i = 0; i < width; i++) {
    if ((bits >> (width - 1 - i) & 1) === 1) text += letters[i] ?? `(${i})`;
  }
  return text;
}

function named(number: number, name: string | null): string {
  return name === null ? `${number}` : `${number} (${name})`;
}

function describeRouting({ type, segmentsLeft, finalDestination }: RoutingHeaderSeen): string {
  return finalDestination === null
    ? `, routing header ${type} with ${segmentsLeft} left`
    : `, routed to ${finalDestination}`;
}

function describeOption(option: MobilityOption): string {
  switch (option.name) {
    case "pad1":
    case "padn":
      return "";
    case "binding-refresh-advice":
      return `, refresh after ${option.refreshIntervalSeconds} s`;
    case "alternate-care-of-address":
      return `, care-of address ${option.careOfAddress}`;
    case "nonce-indices":
      return `, nonces ${option.homeNonceIndex} and ${option.careOfNonceIndex}`;
    case "binding-authorization-data":
      return `, authenticator ${hex(option.authenticator)}`;
    case "truncated":
      return `, an option of type ${option.type} cut short`;
    default:
      return `, option ${option.type} ${hex(option.data)}`;
  }
}

function describeVerdict({ checksumOk, verdict, bytes, complete }: Seen): string {
  if (!complete) return ", not all of it is here";
  if (verdict === null) return "";
  const checksum = checksumOk ? "" : `, checksum 0x${hex(bytes.subarray(4, 6))} is wrong`;
  if (verdict.ok) return checksum;
  if (verdict.fault === "checksum") return checksum;
  const { action, code, fault } = verdict;
  return `${checksum}, ${fault}: ${action}${code === null ? "" : ` ${code}`}`;
}
