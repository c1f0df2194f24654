/**
 * systemd-networkd(8) and dbus-daemon(1) in a host of the lab.
 *
 * Both run as the user they were started by, so that they end with the test and run in a user namespace,
 * which has no other user.
 *
 * @module
 */

import { accessSync, constants } from "node:fs";
import { labSkip } from "./access.ts";
import { commandPath, type LabProcess } from "./command.ts";
import type { Host } from "./host.ts";

/** Where systemd keeps its daemons: no directory of anybody's PATH. */
const DAEMON_DIRECTORIES = ["/usr/lib/systemd", "/lib/systemd"];

/**
 * Why a test that needs networkd in the lab cannot run in this process, or false when it can: the value for
 * `{ skip }` of node:test. A reason is also printed, because runners do not show it.
 */
export function networkdSkip(): string | false {
  const noLab = labSkip();
  if (noLab !== false) return noLab;
  const missing = [
    ...(networkdPath() === null ? ["systemd-networkd"] : []),
    ...["networkctl", "dbus-daemon"].filter((name) =>
      !commandPath().split(":").some((directory) => isExecutable(`${directory}/${name}`))
    ),
  ];
  if (missing.length === 0) return false;
  const reason = `${missing.join(", ")} not installed`;
  console.log(`Skipped, it needs systemd-networkd and a bus: ${reason}`);
  return reason;
}

/** Starts the system bus of a host, with nothing on it but what is started in the host. */
export async function systemBus(host: Host): Promise<LabProcess> {
  giveUsers(host);
  const path = "/run/dbus/system.conf";
  host.writeFile(path, BUS_CONFIG);
  const daemon = host.spawn([
    ...["dbus-daemon", `--config-file=${path}`, "--nofork", "--nopidfile", "--nosyslog"],
    "--print-address",
  ]);
  await daemon.waitForOutput(/^unix:path=/m);
  return daemon;
}

/**
 * Starts networkd in a host: `networks` are files of systemd.network(5) by name. It finds the bus only if
 * that is there before.
 */
export function networkd(host: Host, networks: Record<string, string>): LabProcess {
  giveUsers(host);
  for (const [name, text] of Object.entries(networks)) {
    host.writeFile(`/run/systemd/network/${name}`, text);
  }
  // Where /sys can be written, networkd waits for what udev says of each link, and there is no udev here.
  const script = 'mount -o remount,bind,ro /sys && exec "$0"';
  return host.spawn(["sh", "-c", script, networkdPath() ?? "systemd-networkd"], {
    env: { SYSTEMD_LOG_TARGET: "console", NOTIFY_SOCKET: undefined },
  });
}

/** The bus' policy as the system's own has it, without users that this host does not have. */
const BUS_CONFIG = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include ignore_missing="yes">/usr/share/dbus-1/system.d/org.freedesktop.network1.conf</include>
  <include ignore_missing="yes">/etc/dbus-1/system.d/org.freedesktop.network1.conf</include>
</busconfig>
`;

/** networkd gives up its privileges for those of a user of this name, and the policy of the bus knows it too. */
function giveUsers(host: Host): void {
  const users = ["root", "systemd-network"].map((name) => `${name}:x:0:0::/:/bin/sh\n`);
  host.writeFile("/etc/passwd", users.join(""));
}

function networkdPath(): string | null {
  const paths = DAEMON_DIRECTORIES.map((directory) => `${directory}/systemd-networkd`);
  return paths.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
