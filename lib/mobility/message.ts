/**
 * The messages of the Mobility Header, RFC 6275 6.1: what they hold.
 *
 * @module
 */

import type { Ipv6AddressInit } from "./field.ts";
import type { MobilityOption, MobilityOptionInit } from "./mobility_option.ts";

/** What is in front of every message (RFC 6275 6.1.1). The length follows from the rest. */
export interface MobilityHeader {
  /** Payload Proto: 59, IPV6_NO_NXTHDR; nothing follows. */
  payloadProto: number;
  /** The byte behind the type; 0, and ignored if not. */
  reserved: number;
  /** As it stands in the message, right or not. */
  checksum: number;
  /** What stands behind the header as its length says, where something does; RFC 8200 4.7 has it ignored. */
  trailing?: Uint8Array;
}

/** A message whose options are read. */
export interface MobilityHeaderWithOptions extends MobilityHeader {
  /** In the message's order, padding included. */
  options: MobilityOption[];
  /** Stands only where the options do not lie as RFC 6275 6.2 has it; they are built again as they came. */
  padding?: "given";
}

/** Binding Refresh Request, RFC 6275 6.1.2. */
export interface BindingRefreshRequest extends MobilityHeaderWithOptions {
  /** How the message is called. */
  type: "BRR";
  /** 0. */
  mhType: 0;
  /** The two bytes behind the checksum; 0, and ignored if not. */
  reserved2: number;
}

/** Home Test Init, RFC 6275 6.1.3. */
export interface HomeTestInit extends MobilityHeaderWithOptions {
  /** How the message is called. */
  type: "HoTI";
  /** 1. */
  mhType: 1;
  /** The two bytes behind the checksum; 0, and ignored if not. */
  reserved2: number;
  /** Home Init Cookie, 8 bytes. */
  cookie: Uint8Array;
}

/** Care-of Test Init, RFC 6275 6.1.4. */
export interface CareOfTestInit extends MobilityHeaderWithOptions {
  /** How the message is called. */
  type: "CoTI";
  /** 2. */
  mhType: 2;
  /** The two bytes behind the checksum; 0, and ignored if not. */
  reserved2: number;
  /** Care-of Init Cookie, 8 bytes. */
  cookie: Uint8Array;
}

/** Home Test, RFC 6275 6.1.5. */
export interface HomeTest extends MobilityHeaderWithOptions {
  /** How the message is called. */
  type: "HoT";
  /** 3. */
  mhType: 3;
  /** Home Nonce Index. */
  nonceIndex: number;
  /** Home Init Cookie, 8 bytes. */
  cookie: Uint8Array;
  /** Home Keygen Token, 8 bytes. */
  keygenToken: Uint8Array;
}

/** Care-of Test, RFC 6275 6.1.6. */
export interface CareOfTest extends MobilityHeaderWithOptions {
  /** How the message is called. */
  type: "CoT";
  /** 4. */
  mhType: 4;
  /** Care-of Nonce Index. */
  nonceIndex: number;
  /** Care-of Init Cookie, 8 bytes. */
  cookie: Uint8Array;
  /** Care-of Keygen Token, 8 bytes. */
  keygenToken: Uint8Array;
}

/** The flags of a Binding Update that RFC 6275 6.1.7 names. */
export interface BindingUpdateFlags {
  /** A: an acknowledgement is wanted. */
  acknowledge: boolean;
  /** H: to a home agent. */
  homeRegistration: boolean;
  /** L: the home address has the link-local address' interface identifier. */
  linkLocal: boolean;
  /** K: the keys of IPsec move along. */
  keyManagement: boolean;
}

/** Binding Update, RFC 6275 6.1.7. */
export interface BindingUpdate extends MobilityHeaderWithOptions {
  /** How the message is called. */
  type: "BU";
  /** 5. */
  mhType: 5;
  /** Sequence #, modulo 65536. */
  sequence: number;
  /** The flags by name. */
  flags: BindingUpdateFlags;
  /** All 16 bits, the first is 0x8000; also those that other documents use. */
  rawFlags: number;
  /** A multiple of 4; 0 deletes the binding. */
  lifetimeSeconds: number;
}

/** The flag of a Binding Acknowledgement that RFC 6275 6.1.8 names. */
export interface BindingAcknowledgementFlags {
  /** K: the keys of IPsec move along. */
  keyManagement: boolean;
}

/** Binding Acknowledgement, RFC 6275 6.1.8. */
export interface BindingAcknowledgement extends MobilityHeaderWithOptions {
  /** How the message is called. */
  type: "BA";
  /** 6. */
  mhType: 6;
  /** Below 128 the binding is accepted. */
  status: number;
  /** As IANA names it, null where it is not registered. */
  statusName: string | null;
  /** The flags by name. */
  flags: BindingAcknowledgementFlags;
  /** All 8 bits, the first is 0x80; also those that other documents use. */
  rawFlags: number;
  /** The Binding Update's, or the last accepted one where the status is 135. */
  sequence: number;
  /** A multiple of 4. */
  lifetimeSeconds: number;
}

/** Binding Error, RFC 6275 6.1.9. */
export interface BindingError extends MobilityHeaderWithOptions {
  /** How the message is called. */
  type: "BE";
  /** 7. */
  mhType: 7;
  /** 1: no binding for the home address option. 2: unknown MH type. */
  status: number;
  /** As IANA names it, null where it is not registered. */
  statusName: string | null;
  /** The byte behind the status; 0, and ignored if not. */
  reserved2: number;
  /** The home address option's, "::" where there was none. */
  homeAddress: string;
}

/** A message of a type that RFC 6275 does not define, whole. */
export interface UnknownMobilityMessage extends MobilityHeader {
  /** RFC 6275 has no name for it. */
  type: "unknown";
  /** MH Type: 8 to 255. */
  mhType: number;
  /** As IANA names it, null where it is not registered. */
  mhTypeName: string | null;
  /** All behind the checksum: 2 bytes or more, 8n+2. */
  data: Uint8Array;
}

/** A message of the Mobility Header. */
export type MobilityMessage =
  | BindingRefreshRequest
  | HomeTestInit
  | CareOfTestInit
  | HomeTest
  | CareOfTest
  | BindingUpdate
  | BindingAcknowledgement
  | BindingError
  | UnknownMobilityMessage;

/** What is not a message's own may be left out, and is as RFC 6275 has it then. */
export interface MobilityHeaderInit {
  /** 59. */
  payloadProto?: number;
  /** 0. */
  reserved?: number;
  /** Not used: what is built has 0 there. See sealMobility(). */
  checksum?: number;
  /** Nothing. */
  trailing?: Uint8Array;
}

/** The same of a message with options. */
export interface MobilityHeaderInitWithOptions extends MobilityHeaderInit {
  /** None. Those that need padding in front of them get it. */
  options?: readonly MobilityOptionInit[];
  /** "given": the options lie as they are listed, and nothing is put between them. */
  padding?: "given";
}

/** What {@linkcode buildMobility} takes: a message as it is read, or what is its own of it. */
export type MobilityMessageInit =
  | (MobilityHeaderInitWithOptions & { type: "BRR"; mhType?: 0; reserved2?: number })
  | (MobilityHeaderInitWithOptions & {
    type: "HoTI";
    mhType?: 1;
    reserved2?: number;
    cookie: Uint8Array;
  })
  | (MobilityHeaderInitWithOptions & {
    type: "CoTI";
    mhType?: 2;
    reserved2?: number;
    cookie: Uint8Array;
  })
  | (MobilityHeaderInitWithOptions & {
    type: "HoT";
    mhType?: 3;
    nonceIndex: number;
    cookie: Uint8Array;
    keygenToken: Uint8Array;
  })
  | (MobilityHeaderInitWithOptions & {
    type: "CoT";
    mhType?: 4;
    nonceIndex: number;
    cookie: Uint8Array;
    keygenToken: Uint8Array;
  })
  | (MobilityHeaderInitWithOptions & {
    type: "BU";
    mhType?: 5;
    sequence: number;
    /** What is left out is as `rawFlags` has it. */
    flags?: Partial<BindingUpdateFlags>;
    rawFlags?: number;
    lifetimeSeconds: number;
  })
  | (MobilityHeaderInitWithOptions & {
    type: "BA";
    mhType?: 6;
    status: number;
    statusName?: string | null;
    /** What is left out is as `rawFlags` has it. */
    flags?: Partial<BindingAcknowledgementFlags>;
    rawFlags?: number;
    sequence: number;
    lifetimeSeconds: number;
  })
  | (MobilityHeaderInitWithOptions & {
    type: "BE";
    mhType?: 7;
    status: number;
    statusName?: string | null;
    reserved2?: number;
    homeAddress: Ipv6AddressInit;
  })
  | (MobilityHeaderInit & {
    type: "unknown";
    mhType: number;
    mhTypeName?: string | null;
    data: Uint8Array;
  });

/** How the messages of RFC 6275 are called, by MH Type. */
export const MOBILITY_TYPES = ["BRR", "HoTI", "CoTI", "HoT", "CoT", "BU", "BA", "BE"] as const;

/** Where the options of a message begin, by MH Type: behind the fixed part (RFC 6275 6.1.2 to 6.1.9). */
export const FIXED_SIZE: readonly number[] = [8, 16, 16, 24, 24, 12, 12, 24];

/** The least Header Len of a message, by MH Type: that of its fixed part with padding to 8 bytes. */
export const HEADER_LENGTH_MIN: readonly number[] = [0, 1, 1, 2, 2, 1, 1, 2];
