/**
 * What a program without privileges is told: one JSON line of an object.
 *
 * @module
 */

import {
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_DSTOPTS,
  IPV6_RECVDSTOPTS,
  IPV6_RECVRTHDR,
  SOCK_DGRAM,
  socket,
} from "../../mod.ts";
import {
  buildDestinationOptions,
  kernelHasMobileIpv6,
  mobilitySocket,
} from "../../lib/mobility/mod.ts";
import { doctor } from "../../cli/doctor.ts";
import { written } from "../written.ts";

async function failure(run: () => unknown): Promise<string> {
  try {
    await run();
    return "none";
  } catch (error) {
    return `${(error as { code?: string }).code} ${(error as Error).message}`;
  }
}

using udp = socket(AF_INET6, SOCK_DGRAM);
const homeAddress = buildDestinationOptions({
  options: [{ name: "home-address", homeAddress: "2001:db8::1" }],
});
console.log(JSON.stringify({
  open: await failure(() => mobilitySocket()),
  sticky: await failure(() => udp.setsockopt(IPPROTO_IPV6, IPV6_DSTOPTS, homeAddress)),
  control: await failure(() =>
    udp.sendmsg({
      data: new Uint8Array(1),
      to: { address: "::1", port: 9 },
      control: [{ name: "IPV6_DSTOPTS", bytes: homeAddress }],
    })
  ),
  receiving: await failure(() => {
    udp.setsockopt(IPPROTO_IPV6, IPV6_RECVDSTOPTS, true);
    udp.setsockopt(IPPROTO_IPV6, IPV6_RECVRTHDR, true);
  }),
  mobileIpv6: kernelHasMobileIpv6(),
  doctor: await written("stdout", () => doctor([])),
}));
