/**
 * Names of numbers in IANA's registry "Mobile IPv6 Parameters".
 *
 * @module
 */

/**
 * The name of an MH Type, null where it is not registered. Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mobilityTypeName } from "./iana.ts";
 *
 * assert.equal(mobilityTypeName(13), "Heartbeat");
 * ```
 */
export function mobilityTypeName(mhType: number): string | null {
  return MH_TYPES[mhType] ?? null;
}

/**
 * The name of the type of a mobility option, null where it is not registered. Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mobilityOptionName } from "./iana.ts";
 *
 * assert.equal(mobilityOptionName(6), "Mobile Network Prefix");
 * ```
 */
export function mobilityOptionName(type: number): string | null {
  return OPTIONS[type] ?? null;
}

/**
 * The name of a Binding Acknowledgement's status, null where it is not registered. Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bindingAckStatusName } from "./iana.ts";
 *
 * assert.equal(bindingAckStatusName(135), "Sequence number out of window");
 * ```
 */
export function bindingAckStatusName(status: number): string | null {
  return (status < 128 ? ACCEPTED[status] : REFUSED[status - 128]) ?? null;
}

/**
 * The name of a Binding Error's status, null where it is not registered. Never throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bindingErrorStatusName } from "./iana.ts";
 *
 * assert.equal(bindingErrorStatusName(2), "Unrecognized MH Type value");
 * ```
 */
export function bindingErrorStatusName(status: number): string | null {
  return ERRORS[status - 1] ?? null;
}

/** From 0. */
const MH_TYPES: readonly string[] = [
  "Binding Refresh Request",
  "Home Test Init",
  "Care-of Test Init",
  "Home Test",
  "Care-of Test",
  "Binding Update",
  "Binding Acknowledgement",
  "Binding Error",
  "Fast Binding Update",
  "Fast Binding Acknowledgment",
  "Fast Neighbor Advertisement",
  "Experimental Mobility Header",
  "Home Agent Switch",
  "Heartbeat",
  "Handover Initiate",
  "Handover Acknowledge",
  "Binding Revocation",
  "Localized Routing Initiation",
  "Localized Routing Acknowledgment",
  "Update Notification",
  "Update Notification Acknowledgement",
  "Flow Binding",
  "Subscription Query",
  "Subscription Response",
];

/** From 0. */
const OPTIONS: readonly string[] = [
  "Pad1",
  "PadN",
  "Binding Refresh Advice",
  "Alternate Care-of Address",
  "Nonce Indices",
  "Authorization Data",
  "Mobile Network Prefix",
  "Mobility Header Link-Layer Address",
  "Mobile Node Identifier",
  "AUTH",
  "MESG-ID",
  "CGA Parameters Request",
  "CGA Parameters",
  "Signature",
  "Permanent Home Keygen Token",
  "Care-of Test Init",
  "Care-of Test",
  "DNS-UPDATE-TYPE",
  "Experimental",
  "Vendor Specific",
  "Service Selection",
  "Binding Authorization Data for FMIPv6",
  "Home Network Prefix",
  "Handoff Indicator",
  "Access Technology Type",
  "Mobile Node Link-layer Identifier",
  "Link-local Address",
  "Timestamp",
  "Restart Counter",
  "IPv4 Home Address",
  "IPv4 Address Acknowledgement",
  "NAT Detection",
  "IPv4 Care-of Address",
  "GRE Key",
  "Mobility Header IPv6 Address/Prefix",
  "Binding Identifier",
  "IPv4 Home Address Request",
  "IPv4 Home Address Reply",
  "IPv4 Default-Router Address",
  "IPv4 DHCP Support Mode",
  "Context Request",
  "Local Mobility Anchor Address",
  "Mobile Node Link-local Address Interface Identifier",
  "Transient Binding",
  "Flow Summary",
  "Flow Identification",
  "Redirect-Capability",
  "Redirect",
  "Load Information",
  "Alternate IPv4 Care-of Address",
  "Mobile Node Group Identifier",
  "MAG IPv6 Address",
  "Access Network Identifier",
  "IPv4 Traffic Offload Selector",
  "Dynamic IP Multicast Selector",
  "Delegated Mobile Network Prefix",
  "Active Multicast Subscription IPv4",
  "Active Multicast Subscription IPv6",
  "Quality-of-Service",
  "LMA User-Plane Address",
  "Multicast Mobility",
  "Multicast Acknowledgement",
  "LMA-Controlled MAG Parameters",
  "MAG Multipath-Binding",
  "MAG Identifier",
  "Anchored Prefix",
  "Local Prefix",
  "Previous MAAR",
  "Serving MAAR",
  "DLIF Link-Local Address",
  "DLIF Link-Layer Address",
];

/** From 0. */
const ACCEPTED: readonly string[] = [
  "Binding Update accepted",
  "Accepted but prefix discovery necessary",
  "GRE_KEY_OPTION_NOT_REQUIRED",
  "GRE_TUNNELING_BUT_TLV_HEADER_NOT_SUPPORTED",
  "MCOA NOTCOMPLETE",
  "MCOA RETURNHOME WO/NDP",
  "PBU_ACCEPTED_TB_IGNORED_SETTINGSMISMATCH",
];

/** From 128. */
const REFUSED: readonly string[] = [
  "Reason unspecified",
  "Administratively prohibited",
  "Insufficient resources",
  "Home registration not supported",
  "Not home subnet",
  "Not home agent for this mobile node",
  "Duplicate Address Detection failed",
  "Sequence number out of window",
  "Expired home nonce index",
  "Expired care-of nonce index",
  "Expired nonces",
  "Registration type change disallowed",
  "Mobile Router Operation not permitted",
  "Invalid Prefix",
  "Not Authorized for Prefix",
  "Forwarding Setup failed",
  "MIPV6-ID-MISMATCH",
  "MIPV6-MESG-ID-REQD",
  "MIPV6-AUTH-FAIL",
  "Permanent home keygen token unavailable",
  "CGA and signature verification failed",
  "Permanent home keygen token exists",
  "Non-null home nonce index expected",
  "SERVICE_AUTHORIZATION_FAILED",
  "PROXY_REG_NOT_ENABLED",
  "NOT_LMA_FOR_THIS_MOBILE_NODE",
  "MAG_NOT_AUTHORIZED_FOR_PROXY_REG",
  "NOT_AUTHORIZED_FOR_HOME_NETWORK_PREFIX",
  "TIMESTAMP_MISMATCH",
  "TIMESTAMP_LOWER_THAN_PREV_ACCEPTED",
  "MISSING_HOME_NETWORK_PREFIX_OPTION",
  "BCE_PBU_PREFIX_SET_DO_NOT_MATCH",
  "MISSING_MN_IDENTIFIER_OPTION",
  "MISSING_HANDOFF_INDICATOR_OPTION",
  "MISSING_ACCESS_TECH_TYPE_OPTION",
  "GRE_KEY_OPTION_REQUIRED",
  "MCOA MALFORMED",
  "MCOA NON-MCOA BINDING EXISTS",
  "MCOA PROHIBITED",
  "MCOA UNKNOWN COA",
  "MCOA BULK REGISTRATION PROHIBITED",
  "MCOA SIMULTANEOUS HOME AND FOREIGN PROHIBITED",
  "NOT_AUTHORIZED_FOR_IPV4_MOBILITY_SERVICE",
  "NOT_AUTHORIZED_FOR_IPV4_HOME_ADDRESS",
  "NOT_AUTHORIZED_FOR_IPV6_MOBILITY_SERVICE",
  "MULTIPLE_IPV4_HOME_ADDRESS_ASSIGNMENT_NOT_SUPPORTED",
  "Invalid Care-of Address",
  "INVALID_MOBILE_NODE_GROUP_IDENTIFIER",
  "REINIT_SA_WITH_HAC",
  "NOT_AUTHORIZED_FOR_DELEGATED_MNP",
  "REQUESTED_DMNP_IN_USE",
  "CANNOT_MEET_QOS_SERVICE_REQUEST",
  "CANNOT_SUPPORT_MULTIPATH_BINDING",
];

/** From 1. */
const ERRORS: readonly string[] = [
  "Unknown binding for Home Address destination option",
  "Unrecognized MH Type value",
];
