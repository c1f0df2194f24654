/**
 * The flags of getaddrinfo(3) and getnameinfo(3), with the numbers of the system's <netdb.h>.
 *
 * @module
 */

/** Without a host name: the addresses to listen on, not those of this host's loopback. RFC 3493 6.1. */
export const AI_PASSIVE = 0x1;
/** The first result carries the name that the aliases lead to. RFC 3493 6.1. */
export const AI_CANONNAME = 0x2;
/** The host is a numeric address; nobody is asked. RFC 3493 6.1. */
export const AI_NUMERICHOST = 0x4;
/** With AF_INET6: where there is no IPv6 address, IPv4 ones as ::ffff:a.b.c.d. RFC 3493 6.1. */
export const AI_V4MAPPED = 0x8;
/** With AI_V4MAPPED: both the IPv6 and the mapped addresses. RFC 3493 6.1. */
export const AI_ALL = 0x10;
/** Only families of which the PvD has an address of its own; loopback does not count. RFC 3493 6.1. */
export const AI_ADDRCONFIG = 0x20;
/** A host name may be international; here it always may. getaddrinfo(3). */
export const AI_IDN = 0x40;
/** `ai_canonname` is given in Unicode. getaddrinfo(3). */
export const AI_CANONIDN = 0x80;
/** The service is a decimal port. RFC 3493 6.1. */
export const AI_NUMERICSERV = 0x400;

/** The address as text; nobody is asked. RFC 3493 6.2. */
export const NI_NUMERICHOST = 0x1;
/** The port as a decimal number. RFC 3493 6.2. */
export const NI_NUMERICSERV = 0x2;
/** The name without the PvD's own domain. RFC 3493 6.2. */
export const NI_NOFQDN = 0x4;
/** An error where the address has no name. RFC 3493 6.2. */
export const NI_NAMEREQD = 0x8;
/** The service's name for UDP, not for TCP. RFC 3493 6.2. */
export const NI_DGRAM = 0x10;
/** The name in Unicode. getnameinfo(3). */
export const NI_IDN = 0x20;
