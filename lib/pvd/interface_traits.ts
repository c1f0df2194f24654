/**
 * What an interface is made of, and whether its traffic is paid for: hints for choosing among networks.
 *
 * The kernel's part is read from sysfs. Whether a network is metered only a network manager knows: NetworkManager
 * is asked over the bus, and where it is not there a cellular modem is taken to be.
 *
 * @module
 */

import type { DBusValue, Variant } from "../dbus/message.ts";
import { type SourceHost, SourceReading } from "../sources/source_reading.ts";

/**
 * - `"ethernet"`: Ethernet and what looks like it: bridges, VLANs, virtual machines' interfaces.
 * - `"wifi"`: IEEE 802.11.
 * - `"cellular"`: a mobile network's modem.
 * - `"tunnel"`: a point-to-point interface of software: VPNs, PPP, IP in IP.
 * - `"other"`: anything else, and what cannot be read.
 */
export type InterfaceType = "ethernet" | "wifi" | "cellular" | "tunnel" | "other";

/** What is known of an interface. */
export interface InterfaceTraits {
  /** What it is made of. */
  type: InterfaceType;
  /** Traffic costs money or is short; null where nobody says. */
  metered: boolean | null;
}

/** DEVTYPE of /sys/class/net/<name>/uevent, where it tells more than the hardware type does. */
const DEVICE_TYPES: Readonly<Record<string, InterfaceType>> = {
  wlan: "wifi",
  wwan: "cellular",
  wireguard: "tunnel",
  ppp: "tunnel",
};

/** The size that every file of sysfs says it has. */
const SYSFS_FILE_BYTES = 4096;

/** ARPHRD_* of <net/if_arp.h>. */
const HARDWARE_TYPES: Readonly<Record<number, InterfaceType>> = {
  1: "ethernet",
  512: "tunnel", // PPP
  519: "cellular", // RAWIP
  768: "tunnel", // TUNNEL
  769: "tunnel", // TUNNEL6
  776: "tunnel", // SIT
  778: "tunnel", // IPGRE
  801: "wifi", // IEEE80211
  823: "tunnel", // IP6GRE
  65534: "tunnel", // NONE: tun, wireguard
};

const NETWORK_MANAGER = "org.freedesktop.NetworkManager";

/** Reads what is known of one interface. Never throws for what it finds. */
export function interfaceTraits(
  host: SourceHost,
  { name, index }: { name: string; index: number },
): InterfaceTraits {
  const reading = new SourceReading("sysfs", host);
  const type = readType(reading, name, index);
  return { type, metered: askMetered(reading, name) ?? (type === "cellular" ? true : null) };
}

function readType(reading: SourceReading, name: string, index: number): InterfaceType {
  const place = `/sys/class/net/${name}`;
  const uevent = reading.read(`${place}/uevent`, SYSFS_FILE_BYTES)?.split("\n") ?? [];
  // A sysfs mounted in another network namespace has names of its own.
  if (!uevent.includes(`IFINDEX=${index}`)) return "other";
  const deviceType = uevent.find((line) => line.startsWith("DEVTYPE="))?.slice(8) ?? "";
  if (Object.hasOwn(DEVICE_TYPES, deviceType)) return DEVICE_TYPES[deviceType]!;
  return HARDWARE_TYPES[Number(reading.read(`${place}/type`, SYSFS_FILE_BYTES) ?? NaN)] ?? "other";
}

/** NMMetered: 1 yes, 2 no, 3 and 4 the same as a guess, 0 unknown. */
function askMetered(reading: SourceReading, name: string): boolean | null {
  if (reading.list("/run/NetworkManager/devices") === null) return null;
  const device = reading.call({
    destination: NETWORK_MANAGER,
    path: "/org/freedesktop/NetworkManager",
    interface: NETWORK_MANAGER,
    member: "GetDeviceByIpIface",
    signature: "s",
    body: [name],
  })?.[0];
  if (typeof device !== "string") return null;
  const reply = reading.call({
    destination: NETWORK_MANAGER,
    path: device,
    interface: "org.freedesktop.DBus.Properties",
    member: "Get",
    signature: "ss",
    body: [`${NETWORK_MANAGER}.Device`, "Metered"],
  });
  const metered = numberOf(reply?.[0]);
  if (metered === 1 || metered === 3) return true;
  return metered === 2 || metered === 4 ? false : null;
}

function numberOf(value: DBusValue | undefined): number | null {
  const inner = typeof value === "object" && "signature" in value ? (value as Variant).value : null;
  return typeof inner === "number" ? inner : null;
}
