/**
 * Mobile IPv6 (RFC 6275) and its sockets API (RFC 4584): messages and headers between bytes and objects.
 *
 * The messages and headers need neither the native library nor a permission; sockets do.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildMobility, parseMobility, sealMobility } from "@mif/sockets/mobility";
 *
 * const bytes = sealMobility(
 *   "2001:db8::1",
 *   "2001:db8::2",
 *   buildMobility({ type: "BU", sequence: 1, flags: { acknowledge: true }, lifetimeSeconds: 420 }),
 * );
 * const message = parseMobility(bytes);
 * assert.equal(message.type === "BU" && message.flags.acknowledge, true);
 * ```
 *
 * @module
 */

export { getprotobyname, getprotobynumber, type ProtoEnt } from "../protocol.ts";
export type {
  AdvertisementInterval,
  CaptivePortal,
  DnsSearchList,
  HomeAgentInformation,
  Mtu,
  NdOption,
  Pref64,
  Preference,
  PrefixInformation,
  RecursiveDnsServer,
  RouteInformation,
  SourceLinkLayerAddress,
  UnknownOption as UnknownNdOption,
} from "../ndp/options.ts";
export { buildMobility } from "./build_mobility.ts";
export {
  type Binding,
  Correspondent,
  type CorrespondentOptions,
  type MobilityReply,
} from "./correspondent.ts";
export {
  buildDestinationOptions,
  type DestinationOption,
  type DestinationOptionInit,
  type DestinationOptions,
  type DestinationOptionsInit,
  homeAddressOf,
  type HomeAddressOption,
  type HomeAddressOptionInit,
  parseDestinationOptions,
} from "./destination_options.ts";
export type { Ipv6AddressInit } from "./field.ts";
export {
  bindingAckStatusName,
  bindingErrorStatusName,
  mobilityOptionName,
  mobilityTypeName,
} from "./iana.ts";
export {
  extensionOptions,
  type ExtensionOptionStep,
  inet6_opt_append,
  inet6_opt_find,
  inet6_opt_finish,
  inet6_opt_get_val,
  inet6_opt_get_value,
  inet6_opt_init,
  inet6_opt_next,
  inet6_opt_set_val,
  nextExtensionOption,
  type Out,
} from "./inet6_opt.ts";
export {
  inet6_rth_add,
  inet6_rth_getaddr,
  inet6_rth_init,
  inet6_rth_reverse,
  inet6_rth_segments,
  inet6_rth_space,
} from "./inet6_rth.ts";
export {
  type AuthenticationHeader,
  type FragmentHeader,
  type Ipv6Packet,
  type PacketHeader,
  parseIpv6Packet,
} from "./ipv6_packet.ts";
export * from "./layout.gen.ts";
export type {
  BindingAcknowledgement,
  BindingAcknowledgementFlags,
  BindingError,
  BindingRefreshRequest,
  BindingUpdate,
  BindingUpdateFlags,
  CareOfTest,
  CareOfTestInit,
  HomeTest,
  HomeTestInit,
  MobilityHeader,
  MobilityHeaderInit,
  MobilityHeaderInitWithOptions,
  MobilityHeaderWithOptions,
  MobilityMessage,
  MobilityMessageInit,
  UnknownMobilityMessage,
} from "./message.ts";
export { kernelHasMobileIpv6 } from "./kernel_support.ts";
export {
  buildMobilityIcmp,
  type HomeAgentAddressDiscoveryReply,
  type HomeAgentAddressDiscoveryRequest,
  type MobilePrefixAdvertisement,
  type MobilePrefixFlags,
  type MobilePrefixSolicitation,
  type MobilityIcmpHeader,
  type MobilityIcmpHeaderInit,
  type MobilityIcmpMessage,
  type MobilityIcmpMessageInit,
  parseMobilityIcmp,
  sealMobilityIcmp,
  verifyMobilityIcmp,
} from "./mobility_icmp.ts";
export { mobilityChecksum, sealMobility, verifyMobility } from "./mobility_checksum.ts";
export type {
  AlternateCareOfAddress,
  BindingAuthorizationData,
  BindingRefreshAdvice,
  KnownMobilityOptionInit,
  MobilityOption,
  MobilityOptionInit,
  NonceIndices,
  OptionFault,
  Untyped,
} from "./mobility_option.ts";
export { MobileNode, type MobileNodeOptions, type Registration } from "./mobile_node.ts";
export type { MobilitySendOptions } from "./mobility_sender.ts";
export { MobilitySocket, mobilitySocket, type MobilitySocketOptions } from "./mobility_socket.ts";
export { parseMobility, type ParseMobilityOptions } from "./parse_mobility.ts";
export type { ReceivedMobility } from "./received.ts";
export {
  AUTHENTICATOR_SIZE,
  authorizeBinding,
  bindingAuthenticator,
  bindingManagementKey,
  careOfKeygenToken,
  homeKeygenToken,
  KEYGEN_TOKEN_SIZE,
  MAX_NONCE_LIFETIME_SECONDS,
  MAX_RR_BINDING_LIFETIME_SECONDS,
  MAX_TOKEN_LIFETIME_SECONDS,
  NODE_KEY_SIZE,
  verifyBinding,
} from "./return_routability.ts";
export {
  buildRoutingHeader,
  type MalformedRoutingHeader,
  parseRoutingHeader,
  type RawRoutingHeader,
  type RoutingHeader,
  type RoutingHeaderInit,
  type Type0RoutingHeader,
  type Type2RoutingHeader,
  type UnknownRoutingHeader,
} from "./routing_header.ts";
export { readField, type StructField, type StructLayout, writeField } from "./struct_field.ts";
export type {
  AnyOptionInit,
  MalformedOption,
  Pad1,
  PadN,
  PadNInit,
  RawOption,
  TruncatedOption,
  UnknownOption,
} from "./tlv.ts";
export {
  type MobilityContext,
  type MobilityFault,
  type MobilityVerdict,
  validateMobility,
} from "./validate_mobility.ts";
