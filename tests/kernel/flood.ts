/**
 * A program that knows nothing of PvDs and sends without end, from sockets that are bound to their sources.
 *
 * @module
 */

import type { Host, LabProcess } from "../lab/mod.ts";

/** One socket: what it is bound to, where it sends, whether it is connected and bound to the device. */
export interface Stream {
  source: string;
  to: string;
  connected?: boolean;
  device?: string;
}

/** Each line of argv: source, destination, "connected" or "", device or "". A refusal is no reason to stop. */
const program = String.raw`
import socket, sys, time
streams = []
def opened(source, to, connected, device):
    s = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    if device:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    s.bind((source, 0))
    if connected:
        s.connect((to, 9))
    return s, None if connected else to
for line in sys.argv[1:]:
    streams.append(opened(*line.split("|")))
print("ready", flush=True)
for port in range(1024, 65536):
    for s, to in streams:
        for _ in range(2):
            try:
                s.send(b"x") if to is None else s.sendto(b"x", (to, port))
            except OSError:
                pass
    time.sleep(0.002)
`;

/**
 * Starts it; less than 1000 datagrams a second from each socket. The ports that the sockets without a connection send to
 * count up, which tells the order. It ends with the host's world, or after two minutes.
 */
export async function flood(host: Host, streams: readonly Stream[]): Promise<LabProcess> {
  const lines = streams.map(({ source, to, connected, device }) =>
    [source, to, connected ? "connected" : "", device ?? ""].join("|")
  );
  const sender = host.spawn(["python3", "-IS", "-c", program, ...lines], { unprivileged: true });
  await sender.waitForOutput(/ready/);
  return sender;
}
