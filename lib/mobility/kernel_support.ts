/**
 * What this kernel makes of Mobile IPv6 (CONFIG_IPV6_MIP6), found out without privilege and without a packet.
 *
 * @module
 */

import { MifError } from "../error.ts";
import { AF_INET6, IPPROTO_IPV6, IPV6_RTHDR, SOCK_DGRAM } from "../socket/options.ts";
import { systemSocket } from "../socket/socket.ts";
import { buildRoutingHeader } from "./routing_header.ts";

/**
 * Whether the kernel has Mobile IPv6: it sends type 2 routing headers then, checks mobility headers before sockets see
 * them, and, for the addresses that its XFRM states name, puts home addresses in the place of care-of addresses. Many
 * kernels of clouds and containers have not.
 *
 * | subject                                | without                             | with                                |
 * | -------------------------------------- | ----------------------------------- | ----------------------------------- |
 * | a short mobility header, another Payload Proto | delivered                   | dropped, with a Parameter Problem   |
 * | a home address option, a type 2 routing header | dropped, with a Parameter Problem | dropped in silence, or where an XFRM state allows it delivered with the addresses exchanged |
 * | sending a type 2 routing header        | refused (EINVAL)                    | sent                                |
 *
 * @throws {MifError} EAFNOSUPPORT: it has no IPv6 either.
 *
 * @example
 * ```ts
 * import { kernelHasMobileIpv6 } from "./kernel_support.ts";
 *
 * console.log(kernelHasMobileIpv6() ? "the kernel knows Mobile IPv6" : "it does not");
 * ```
 */
export function kernelHasMobileIpv6(): boolean {
  using probe = systemSocket(AF_INET6, SOCK_DGRAM);
  const header = buildRoutingHeader({ name: "type-2", homeAddress: "2001:db8::1" });
  try {
    probe.setsockopt(IPPROTO_IPV6, IPV6_RTHDR, header);
    return true;
  } catch (error) {
    if (error instanceof MifError && error.code === "EINVAL") return false;
    throw error;
  }
}
