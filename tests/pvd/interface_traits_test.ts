// What an interface is made of, from sysfs as the kernel writes it, and what NetworkManager says of its cost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { interfaceTraits } from "../../lib/pvd/interface_traits.ts";
import { UnreadableError } from "../../lib/sources/host_files.ts";
import {
  busBytes,
  type Conversation,
  fixture,
  noBus,
  playback,
  textHost,
} from "../sources/host_sample.ts";

/** A sysfs with one interface. */
function sysfs(deviceType: string | null, hardwareType: string, name = "x0", index = 7) {
  const lines = [...(deviceType ? [`DEVTYPE=${deviceType}`] : []), `INTERFACE=${name}`];
  return {
    [`/sys/class/net/${name}/uevent`]: [...lines, `IFINDEX=${index}`, ""].join("\n"),
    [`/sys/class/net/${name}/type`]: `${hardwareType}\n`,
  };
}

const types: [what: string, deviceType: string | null, hardwareType: string, type: string][] = [
  ["an Ethernet card, a veth", null, "1", "ethernet"],
  ["a bridge", "bridge", "1", "ethernet"],
  ["a VLAN", "vlan", "1", "ethernet"],
  ["a wireless card", "wlan", "1", "wifi"],
  ["a wireless card in monitor mode", null, "801", "wifi"],
  ["a modem that looks like Ethernet", "wwan", "1", "cellular"],
  ["a modem of raw IP", null, "519", "cellular"],
  ["WireGuard", "wireguard", "65534", "tunnel"],
  ["tun", null, "65534", "tunnel"],
  ["PPP", "ppp", "512", "tunnel"],
  ["6in4", null, "776", "tunnel"],
  ["InfiniBand", null, "32", "other"],
  ["a type that is no number", null, "x", "other"],
  ["a device type that is an object's own word", "constructor", "1", "ethernet"],
];
for (const [what, deviceType, hardwareType, type] of types) {
  test(`${what} is ${type}`, () => {
    const files = textHost(sysfs(deviceType, hardwareType));
    const traits = interfaceTraits({ files, connectUnix: noBus, links: [] }, {
      name: "x0",
      index: 7,
    });
    assert.deepEqual(traits, { type, metered: type === "cellular" ? true : null });
  });
}

test("a sysfs of another network namespace says nothing", () => {
  const files = textHost(sysfs("wlan", "1"));
  const host = { files, connectUnix: noBus, links: [] };
  assert.equal(interfaceTraits(host, { name: "x0", index: 8 }).type, "other");
  assert.equal(interfaceTraits(host, { name: "y0", index: 7 }).type, "other");
});

test("a sysfs that cannot be read says nothing", () => {
  const files = textHost({ "/sys/class/net/x0/uevent": new UnreadableError("not read: a FIFO") });
  const host = { files, connectUnix: noBus, links: [] };
  assert.deepEqual(interfaceTraits(host, { name: "x0", index: 7 }), {
    type: "other",
    metered: null,
  });
});

const recorded: Record<string, Conversation[]> = JSON.parse(
  fixture("network_manager_1.42/metered_conversations.json"),
);

/** A host on which NetworkManager answers one call on each connection with these bytes. */
function managed(...answers: Uint8Array[]) {
  const texts = { ...sysfs(null, "1", "h2", 3), "/run/NetworkManager/devices/3": "" };
  const connectUnix = () => playback(answers.shift() ?? new Uint8Array()).connectUnix("", 0);
  return { files: textHost(texts), connectUnix, links: [] };
}

for (const [name, metered] of [["h2", true], ["h3", false]] as const) {
  test(`NetworkManager 1.42 said of ${name} that it is ${metered ? "" : "not "}metered`, () => {
    const traits = interfaceTraits(managed(...recorded[name]!.map(busBytes)), {
      name: "h2",
      index: 3,
    });
    assert.deepEqual(traits, { type: "ethernet", metered });
  });
}

test("a NetworkManager that stops in the middle, or answers something else, says nothing", () => {
  const [device, property] = recorded["h2"]!.map(busBytes) as [Uint8Array, Uint8Array];
  const answers = [
    [],
    [device.subarray(0, device.length - 5)],
    [device],
    [device, property.subarray(0, property.length - 3)],
    [device, device],
    [property, device],
  ];
  for (const each of answers) {
    const traits = interfaceTraits(managed(...each), { name: "h2", index: 3 });
    assert.deepEqual(traits, { type: "ethernet", metered: null });
  }
});
