/**
 * Every parser of bytes that are not ours: from networks, the kernel, files and other programs.
 *
 * To add one: a {@linkcode FuzzTarget} in the file of its room in targets/, and that file's line here where it is new.
 *
 * @module
 */

import type { FuzzTarget } from "./target.ts";
import { targets as capture } from "./targets/capture.ts";
import { targets as dbus } from "./targets/dbus.ts";
import { targets as dns } from "./targets/dns.ts";
import { targets as http } from "./targets/http.ts";
import { targets as ip } from "./targets/ip.ts";
import { targets as json } from "./targets/json.ts";
import { targets as mobility } from "./targets/mobility.ts";
import { targets as names } from "./targets/names.ts";
import { targets as ndp } from "./targets/ndp.ts";
import { targets as netlink } from "./targets/netlink.ts";
import { targets as pvd } from "./targets/pvd.ts";
import { targets as socket } from "./targets/socket.ts";
import { targets as sources } from "./targets/sources.ts";
import { targets as websocket } from "./targets/websocket.ts";

/** All targets. */
export const targets: readonly FuzzTarget[] = [
  ...capture,
  ...dbus,
  ...dns,
  ...http,
  ...ip,
  ...json,
  ...mobility,
  ...names,
  ...ndp,
  ...netlink,
  ...pvd,
  ...socket,
  ...sources,
  ...websocket,
];

const insideOf = (caller: string) => `reads what ${caller}, which is a target, gives it`;
const KERNEL = "asks the kernel; what it answers is read as netlink-datagram and netlink-records";

/** Exported functions that look like parsers and are no targets, as "file: name", each with the reason. */
export const unregistered: Readonly<Record<string, string>> = {
  "lib/dns/edns.ts: readEdns": insideOf("readMessage"),
  "lib/dns/svcb.ts: readSvcParams": insideOf("readRdata"),
  "lib/fetch/content_decoding.ts: decoded": "the decoders are the runtime's zlib",
  "lib/mobility/destination_options.ts: readDestinationOptions": insideOf(
    "parseDestinationOptions",
  ),
  "lib/mobility/mobility_option.ts: readMobilityOptions": insideOf("parseMobility"),
  "lib/mobility/received.ts: readReceived":
    "takes what recvmsg() gave, and reads it as readCaptured",
  "lib/mobility/struct_field.ts: readField":
    "the caller's own bytes and place; RangeError beyond them",
  "lib/mobility/tlv.ts: readOptions": insideOf("parseMobility"),
  "lib/names/address_hints.ts: readHints": "the caller's own object",
  "lib/ndp/options.ts: parsePreference": insideOf("parseOption"),
  "lib/netlink/snapshot.ts: readRoutes": KERNEL,
  "lib/netlink/snapshot.ts: readSnapshot": KERNEL,
  "lib/pvd/daemon_file.ts: readDaemon": insideOf("decodeState"),
  "lib/pvd/daemon_file.ts: readLeftState": insideOf("decodeState"),
  "lib/pvd/host.ts: readHost": KERNEL,
  "lib/route/state.ts: readHostRoutes": KERNEL,
  "lib/socket/read_options.ts: readOptions": "asks the kernel for numbers",
  "lib/sources/dhcpcd.ts: readDhcpcd": insideOf("readSources"),
  "lib/sources/host_files.ts: readExactly": "reads a file's text, whatever it is",
  "lib/sources/keyed_resolv_conf.ts: readKeyed": insideOf("readSources"),
  "lib/sources/network_manager.ts: readNetworkManager": insideOf("readSources"),
  "lib/sources/networkd.ts: readNetworkd": insideOf("readSources"),
  "lib/sources/openresolv.ts: readOpenresolv": insideOf("readSources"),
  "lib/sources/resolv_conf.ts: readResolvConf": insideOf("readSources"),
};
