/**
 * The sources of DNS configuration a host may have.
 *
 * @module
 */

import { readDhcpcd } from "./dhcpcd.ts";
import { readNetworkManager } from "./network_manager.ts";
import { readNetworkd } from "./networkd.ts";
import { readOpenresolv } from "./openresolv.ts";
import { readResolvConf } from "./resolv_conf.ts";
import type { SourceHost } from "./source_reading.ts";
import type { SourceReport } from "./statement.ts";

export type { SourceHost } from "./source_reading.ts";

/**
 * Reads every source, the most telling first: systemd-networkd, NetworkManager, dhcpcd, openresolv,
 * /etc/resolv.conf. A source that this host does not have is in the list with `found` false, at the
 * price of looking for one path. Nothing is merged between sources: one that copies from another (as
 * /etc/resolv.conf does) repeats it here. Never throws for what it finds.
 */
export function readSources(host: SourceHost): SourceReport[] {
  return [readNetworkd, readNetworkManager, readDhcpcd, readOpenresolv, readResolvConf]
    .map((read) => read(host));
}
