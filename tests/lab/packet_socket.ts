/**
 * A packet socket (packet(7)) in a host of the lab: frames in and out, as they are on the wire.
 *
 * JavaScript has no raw sockets, and tcpdump does not work in a user namespace, so a few lines of
 * Python (standard library only) hold the socket and speak hexadecimal with us.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { LabProcess } from "./command.ts";
import type { Host } from "./host.ts";

/**
 * argv[1]: an interface, or "" for all of them. argv[2]: an ICMPv6 type, to pass on only such
 * messages, or "". stdin: "INTERFACE HEX" sends a frame; its end reads what is queued and ends.
 * stdout: "ready"; "f INTERFACE in|out HEX" for each frame; "s" or "e REASON" for each one sent;
 * at the end "d COUNT", the frames that the kernel had to drop.
 */
const program = String.raw`
import os, select, socket, struct, sys
interface, icmp_type = sys.argv[1], sys.argv[2]
every = 3  # ETH_P_ALL
# One that is to be bound hears nothing before it is.
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0 if interface else socket.htons(every))
try:
    sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # 33: SO_RCVBUFFORCE
except OSError:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
if interface:
    sock.bind((interface, every))
sock.setblocking(False)

def passes(data):
    return not icmp_type or (data[12:14] == b"\x86\xdd" and data[20:21] == b"\x3a"
                             and data[54:55] == bytes([int(icmp_type)]))

def receive(limit):
    for _ in range(limit):
        try:
            data, address = sock.recvfrom(65536)
        except BlockingIOError:
            return
        except OSError:
            continue  # ENETDOWN: told once when an interface goes down
        if passes(data):
            print("f", address[0], "out" if address[2] == 4 else "in", data.hex())

def send(line):
    name, frame = line.split()
    try:
        sock.sendto(bytes.fromhex(frame), (name, 0))
        print("s")
    except OSError as error:
        print("e", name, error)

print("ready", flush=True)
rest = ""
while True:
    readable, _, _ = select.select([sock, 0], [], [])
    if sock in readable:
        receive(1000)
    if 0 in readable:
        chunk = os.read(0, 1 << 16).decode()
        if not chunk:
            break
        *lines, rest = (rest + chunk).split("\n")
        for line in lines:
            send(line)
    sys.stdout.flush()
receive(1 << 30)
print("d", struct.unpack("II", sock.getsockopt(263, 6, 8))[1])  # SOL_PACKET, PACKET_STATISTICS
`;

/** What {@linkcode PacketSocket.open} takes. */
export interface PacketSocketOptions {
  /** Hear only this interface; all of the host where left out. */
  interface?: string;
  /** Hear only ICMPv6 messages of this type (without extension headers). */
  icmpv6Type?: number;
  /** Called for each frame heard. */
  onFrame: (bytes: Uint8Array, interfaceName: string, direction: "in" | "out") => void;
}

/**
 * An open packet socket (packet(7)) in a host. It ends with its world.
 *
 * @throws {Error} The interface is not there, the kernel refuses a frame, or the socket has ended.
 *
 * @example
 * ```ts ignore
 * import { PacketSocket, World } from "@mif/sockets/lab";
 *
 * await using world = new World();
 * const [a, b] = world.hosts("a", "b");
 * world.links([[{ host: a, interface: "a0" }, { host: b, interface: "b0" }]]);
 * const heard = await PacketSocket.open(b, { onFrame: (bytes) => console.log(bytes) });
 * const socket = await PacketSocket.open(a, { interface: "a0", onFrame: () => {} });
 * const frame = new Uint8Array(64).fill(0xff, 0, 6);
 * frame.set([0x88, 0xb5], 12); // For experiments (IEEE Std 802).
 * await socket.send("a0", frame);
 * console.log(await heard.close(), "frames were lost");
 * ```
 */
export class PacketSocket {
  #process: LabProcess;
  #unsent: { resolve: () => void; reject: (reason: Error) => void }[] = [];
  #dropped = 0;
  #isReady: Promise<void>;

  private constructor(host: Host, options: PacketSocketOptions) {
    const python = ["python3", "-IS", "-c", program];
    const type = options.icmpv6Type === undefined ? "" : String(options.icmpv6Type);
    let ready = () => {};
    this.#isReady = new Promise((resolve) => ready = resolve);
    this.#process = host.spawn([...python, options.interface ?? "", type], {
      onLine: (line) => {
        const words = line.split(" ");
        if (words[0] === "f") {
          const direction = words[2] === "out" ? "out" : "in";
          options.onFrame(Buffer.from(words[3]!, "hex"), words[1]!, direction);
        } else if (words[0] === "s") this.#unsent.shift()?.resolve();
        else if (words[0] === "e") this.#unsent.shift()?.reject(new Error(line.slice(2)));
        else if (words[0] === "d") this.#dropped = Number(words[1]);
        else ready();
      },
    });
    this.#process.exited.catch(() => {}).then(() => {
      const reason = new Error(`The packet socket has ended: ${this.#process.stderr}`);
      for (const { reject } of this.#unsent.splice(0)) reject(reason);
    });
  }

  /** Opens the socket in a host; every frame from then on is heard. */
  static async open(host: Host, options: PacketSocketOptions): Promise<PacketSocket> {
    const socket = new PacketSocket(host, options);
    const ended = socket.#process.exited.then(() => {
      throw new Error(`No packet socket in ${host.name}: ${socket.#process.stderr}`);
    });
    await Promise.race([socket.#isReady, ended]);
    ended.catch(() => {});
    return socket;
  }

  /** Sends a whole frame by an interface. Settles when the kernel has taken or refused it. */
  send(interfaceName: string, frame: Uint8Array): Promise<void> {
    if (!this.#process.running) return Promise.reject(new Error("The packet socket has ended"));
    const sent = new Promise<void>((resolve, reject) => this.#unsent.push({ resolve, reject }));
    this.#process.write(`${interfaceName} ${Buffer.from(frame).toString("hex")}\n`);
    return sent;
  }

  /** Hears what has arrived so far, then closes. Returns how many frames the kernel dropped unheard. */
  async close(): Promise<number> {
    this.#process.closeInput();
    await this.#process.exited;
    return this.#dropped;
  }
}
