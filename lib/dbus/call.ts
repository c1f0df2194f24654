/**
 * One method call over the D-Bus system bus: connect, authenticate, ask, close.
 *
 * Everything goes out in one write, so that a call costs one round trip: the SASL EXTERNAL exchange
 * (D-Bus specification, "Authentication Protocol"), Hello, and the call itself. The bus daemon reads
 * them in order; nothing later is acted on when something earlier fails.
 *
 * @module
 */

import {
  type DBusValue,
  decodeMessage,
  encodeMessage,
  FIXED_HEADER_SIZE,
  type Message,
  MESSAGE_SIZE_MAX,
  messageLength,
  MessageType,
  NO_AUTO_START,
} from "./message.ts";

/** A connected stream socket. What fails throws a MifError. */
export interface Channel {
  /** Writes all of the bytes, or throws. */
  write(bytes: Uint8Array): void;
  /** Reads at least one byte into the front of `into`; 0 is the end. Throws when the time is over. */
  read(into: Uint8Array): number;
  /** Closes the socket. Never throws. */
  close(): void;
}

/**
 * Opens a unix stream socket. All that is done with the channel together may take `timeoutMs`. What
 * fails throws a MifError: code "ENOENT" where there is no socket, "ETIMEDOUT" when the time is over.
 */
export type ConnectUnix = (path: string, timeoutMs: number) => Channel;

/** Where the system bus listens (D-Bus specification, "Well-known Message Bus Instances"). */
export const SYSTEM_BUS_PATH = "/run/dbus/system_bus_socket";

/** A method to call. */
export interface MethodCall {
  /** The bus name of the service. It is never started for the call. */
  destination: string;
  /** The object. */
  path: string;
  interface: string;
  member: string;
  /** The types of the arguments; left out for none. */
  signature?: string;
  /** The arguments. */
  body?: DBusValue[];
}

/** The bus or the service refused, or does not speak D-Bus. */
export class BusError extends Error {
  /** The name of the class, for those who print it. */
  override readonly name = "BusError";
  /** The D-Bus name of the error, such as "org.freedesktop.DBus.Error.ServiceUnknown", or null. */
  readonly errorName: string | null;

  /** Makes an error from its message and the D-Bus name behind it. */
  constructor(message: string, errorName: string | null = null) {
    super(message);
    this.errorName = errorName;
  }
}

/** What else may come before the reply: NameAcquired, and signals nobody asked for. */
const MESSAGES_MAX = 64;

const HELLO_SERIAL = 1;
const CALL_SERIAL = 2;

/**
 * Calls one method and gives the body of its reply. The bus at `path` is trusted to route replies;
 * the channel is closed in any case.
 *
 * @throws {BusError} The bus or the service answered with an error, or too much.
 * @throws {MalformedMessageError} What came is no D-Bus.
 * @throws {MifError} The socket failed, or the time is over.
 */
export function callMethod(
  connectUnix: ConnectUnix,
  path: string,
  timeoutMs: number,
  call: MethodCall,
): Message {
  const channel = connectUnix(path, timeoutMs);
  try {
    channel.write(conversation(call));
    const input = new Input(channel);
    authenticate(input);
    for (let count = 0; count < MESSAGES_MAX; count++) {
      const message = decodeMessage(input.takeMessage());
      if (message.type === MessageType.ERROR && message.replySerial! <= CALL_SERIAL) {
        throw refusal(message);
      }
      if (message.type === MessageType.METHOD_RETURN && message.replySerial === CALL_SERIAL) {
        return message;
      }
    }
    throw new BusError(`no reply among ${MESSAGES_MAX} messages`);
  } finally {
    channel.close();
  }
}

/** All that we have to say. */
function conversation(call: MethodCall): Uint8Array {
  // No identity is sent: the daemon takes the one the kernel vouches for (SO_PEERCRED), which is
  // also right inside a user namespace, and the process need not ask for its own user id.
  const sasl = new TextEncoder().encode("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
  const hello = encodeMessage({
    type: MessageType.METHOD_CALL,
    flags: NO_AUTO_START,
    serial: HELLO_SERIAL,
    destination: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    member: "Hello",
    signature: "",
    body: [],
  });
  const method = encodeMessage({
    signature: "",
    body: [],
    ...call,
    type: MessageType.METHOD_CALL,
    flags: NO_AUTO_START,
    serial: CALL_SERIAL,
  });
  const bytes = new Uint8Array(sasl.length + hello.length + method.length);
  bytes.set(sasl);
  bytes.set(hello, sasl.length);
  bytes.set(method, sasl.length + hello.length);
  return bytes;
}

/** The daemon asks for data ("DATA"), gets none, and says "OK" with its identity. */
function authenticate(input: Input): void {
  for (const expected of ["DATA", "OK"]) {
    const line = input.takeLine();
    if (line.split(" ")[0] !== expected) {
      throw new BusError(`the bus refused to authenticate this process: ${JSON.stringify(line)}`);
    }
  }
}

function refusal({ errorName, body }: Message): BusError {
  const text = typeof body[0] === "string" ? `: ${body[0].slice(0, 200)}` : "";
  return new BusError(`${errorName ?? "an error without name"}${text}`, errorName ?? null);
}

/** The greatest length of a line of the authentication. */
const LINE_SIZE_MAX = 512;

/** What the bus sends, cut into lines and messages. */
class Input {
  readonly #channel: Channel;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  #start = 0;
  #end = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** The next line without its end. */
  takeLine(): string {
    for (let length = 2; length <= LINE_SIZE_MAX; length++) {
      this.#need(length);
      const last = this.#start + length - 1;
      if (this.#bytes[last - 1] !== 0x0d || this.#bytes[last] !== 0x0a) continue;
      return new TextDecoder("latin1").decode(this.#take(length).subarray(0, -2));
    }
    throw new BusError("no authentication line");
  }

  /** The bytes of the next message. */
  takeMessage(): Uint8Array {
    this.#need(FIXED_HEADER_SIZE);
    const header = this.#bytes.subarray(this.#start, this.#start + FIXED_HEADER_SIZE);
    const length = messageLength(header);
    this.#need(length);
    return this.#take(length);
  }

  #take(length: number): Uint8Array {
    const taken = this.#bytes.slice(this.#start, this.#start + length);
    this.#start += length;
    return taken;
  }

  /** Reads until `length` bytes are there. Callers ask for no more than a message may have. */
  #need(length: number): void {
    if (this.#start + length > this.#bytes.length) {
      const size = Math.min(Math.max(length, 2 * this.#bytes.length), MESSAGE_SIZE_MAX);
      const larger = new Uint8Array(size);
      larger.set(this.#bytes.subarray(this.#start, this.#end));
      this.#end -= this.#start;
      this.#start = 0;
      this.#bytes = larger;
    }
    while (this.#end - this.#start < length) {
      const count = this.#channel.read(this.#bytes.subarray(this.#end));
      if (count === 0) throw new BusError("the bus closed the connection");
      this.#end += count;
    }
  }
}
