/**
 * A host with one network: what glibc, which knows one, can be compared in.
 *
 * @module
 */

import { plainLinks } from "../kernel/plain_links.ts";
import type { DnsmasqOptions, Host, World } from "../lab/mod.ts";

/** The name server, which is the router. */
export const SERVER = "198.51.100.1";

/**
 * A host whose only PvD is "h0", with addresses of both families (198.51.100.10, 2001:db8:1::10), a dnsmasq behind it,
 * "example" as search domain and this /etc/hosts. Its C library asks the file, then the server.
 */
export async function singleNetwork(
  world: World,
  hosts: string,
  served: DnsmasqOptions,
): Promise<Host> {
  const { host, router } = plainLinks(world, 1);
  router.batch([`addr add ${SERVER}/24 dev r0`, "addr add 2001:db8:1::1/64 dev r0"]);
  host.batch([
    "addr add 198.51.100.10/24 dev h0",
    "addr add 2001:db8:1::10/64 dev h0",
    `route add default via ${SERVER}`,
    "route add default via 2001:db8:1::1",
  ]);
  await router.dnsmasq({ listen: [SERVER], ...served });
  const options = "options timeout:1 attempts:1";
  host.writeFile("/etc/resolv.conf", `nameserver ${SERVER}\nsearch example\n${options}\n`);
  host.writeFile("/etc/hosts", hosts);
  host.writeFile("/etc/nsswitch.conf", "hosts: files dns\nservices: files\n");
  host.writeFile("/etc/gai.conf", "");
  return host;
}
