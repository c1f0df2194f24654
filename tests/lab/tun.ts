/**
 * A TUN device in the network namespace of this process: what is written to it the kernel receives, and what the kernel
 * sends by it can be read.
 *
 * JavaScript has no ioctl(2), so a few lines of Python (standard library only) hold the device and speak hexadecimal
 * with us.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import { commandOutput, LabProcess, waitFor } from "./command.ts";

/** argv[1]: the device's name. A line in: a packet to the kernel. A line out: one from it; "ready" is the first. */
const program = String.raw`
import fcntl, os, select, struct, sys
device = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(device, 0x400454ca, struct.pack("16sH", sys.argv[1].encode(), 0x1001))  # TUNSETIFF: IFF_TUN | IFF_NO_PI
print("ready", flush=True)
rest = ""
while True:
    readable, _, _ = select.select([device, 0], [], [])
    if device in readable:
        print(os.read(device, 65536).hex(), flush=True)
    if 0 in readable:
        chunk = os.read(0, 1 << 16).decode()
        if not chunk:
            break
        *lines, rest = (rest + chunk).split("\n")
        for line in lines:
            os.write(device, bytes.fromhex(line))
`;

/**
 * An open one, up. It goes with the process that holds it, which ends by `await using`.
 *
 * @throws {Error} By open(): there is no /dev/net/tun, or the process may not configure its network. By take(): the packet did
 *   not come within 10 s. receive() throws nothing.
 *
 * @example Inside the lab: what the kernel says to a packet for a port where nobody listens
 * ```ts ignore
 * import { Tun } from "@mif/sockets/lab";
 *
 * await using tun = await Tun.open("2001:db8::1");
 * // UDP of no bytes from 2001:db8::2, port 4096 to port 4096.
 * const header = "6000000000081140";
 * const [source, destination] = ["20010db8" + "00".repeat(11) + "02", "20010db8" + "00".repeat(11) + "01"];
 * tun.receive(Uint8Array.fromHex(header + source + destination + "1000100000088469"));
 * await tun.take("Destination Unreachable", (bytes) => bytes[6] === 58 && bytes[40] === 1);
 * ```
 */
export class Tun implements AsyncDisposable {
  /** The interface's name. */
  readonly name: string;
  /** What the kernel has sent by it, oldest first. */
  readonly sent: Uint8Array[] = [];
  #process: LabProcess;
  #ready = false;

  private constructor(name: string) {
    this.name = name;
    this.#process = new LabProcess(["python3", "-IS", "-c", program, name], {
      onLine: (line) => {
        if (line === "ready") this.#ready = true;
        else this.sent.push(Buffer.from(line, "hex"));
      },
    });
  }

  /** Opens one with an address and all routes of IPv6, and has the kernel limit no ICMPv6 errors. */
  static async open(address: string): Promise<Tun> {
    const tun = new Tun(`tun${process.pid % 1_000_000}`);
    try {
      await waitFor("a TUN device", () => {
        if (!tun.#process.running) throw new Error(tun.#process.stderr);
        return tun.#ready;
      });
      const { name } = tun;
      commandOutput([
        "sh",
        "-ec",
        `echo 0 > /proc/sys/net/ipv6/icmp/ratelimit
        echo 0 > /proc/sys/net/ipv6/conf/${name}/router_solicitations
        ip addr add ${address}/64 dev ${name} nodad
        ip link set ${name} up
        ip -6 route add default dev ${name}`,
      ]);
      return tun;
    } catch (error) {
      await tun[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has the kernel receive a packet, from its IP header on. */
  receive(packet: Uint8Array): void {
    this.#process.write(Buffer.from(packet).toString("hex") + "\n");
  }

  /** Waits for a packet that the kernel sends, of those that none of these calls has taken before. */
  async take(what: string, isIt: (packet: Uint8Array) => boolean): Promise<Uint8Array> {
    const at = await waitFor(what, () => {
      const found = this.sent.findIndex(isIt);
      return found < 0 ? null : { found };
    });
    return this.sent.splice(at.found, 1)[0]!;
  }

  /** Takes it away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
  }
}
