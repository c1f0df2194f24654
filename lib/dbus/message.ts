/**
 * D-Bus messages between bytes and values (D-Bus specification 0.41, "Type System", "Message
 * Protocol").
 *
 * Types and values: y n q i u h and d are numbers, x and t bigints, b booleans, s o and g strings.
 * "ay" is a Uint8Array, any other array an Array, "a{…}" a Map. A struct is an Array, a variant a
 * {@linkcode Variant}. Everything that comes in is checked and bounded; what breaks a rule is a
 * {@linkcode MalformedMessageError}.
 *
 * @module
 */

/** A value of any D-Bus type. */
export type DBusValue =
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | DBusValue[]
  | Map<DBusValue, DBusValue>
  | Variant;

/** A value with its own type. */
export interface Variant {
  /** The signature of one complete type. */
  signature: string;
  value: DBusValue;
}

/** The message types there are. */
export const MessageType = { METHOD_CALL: 1, METHOD_RETURN: 2, ERROR: 3, SIGNAL: 4 } as const;

/** The call must not start a service that does not run. */
export const NO_AUTO_START = 0x2;

/** One message. */
export interface Message {
  /** One of {@linkcode MessageType}, or a later type, which is to be ignored. */
  type: number;
  /** The flag bits, such as {@linkcode NO_AUTO_START}. */
  flags: number;
  /** Chosen by the sender, not 0. */
  serial: number;
  path?: string;
  interface?: string;
  member?: string;
  /** The name of the error, in an ERROR. */
  errorName?: string;
  /** The serial this answers, in a METHOD_RETURN or an ERROR. */
  replySerial?: number;
  destination?: string;
  sender?: string;
  /** The types of the body, "" for none. */
  signature: string;
  body: DBusValue[];
}

/** Bytes that are no D-Bus message, or one beyond our bounds. The message says what is wrong. */
export class MalformedMessageError extends Error {
  /** The name of the class, for those who print it. */
  override readonly name = "MalformedMessageError";
}

/** The longest message taken, in bytes. The protocol would allow 128 MiB. */
export const MESSAGE_SIZE_MAX: number = 1 << 20;

/** Bytes that {@linkcode messageLength} needs. */
export const FIXED_HEADER_SIZE = 16;

/** The specification's greatest depth of arrays and of structs is 32 each; variants count as well here. */
const DEPTH_MAX = 64;

/** Header fields by their number: name in {@linkcode Message} and type. */
const HEADER_FIELDS: [number, keyof Message, string][] = [
  [1, "path", "o"],
  [2, "interface", "s"],
  [3, "member", "s"],
  [4, "errorName", "s"],
  [5, "replySerial", "u"],
  [6, "destination", "s"],
  [7, "sender", "s"],
  [8, "signature", "g"],
];

/**
 * The length in bytes of the message that begins with these 16 bytes.
 *
 * @throws {MalformedMessageError} No message, or one longer than {@linkcode MESSAGE_SIZE_MAX}.
 */
export function messageLength(bytes: Uint8Array): number {
  const reader = new Reader(bytes);
  reader.readEndianness();
  if (bytes[3] !== 1) throw new MalformedMessageError(`protocol version ${bytes[3]}, not 1`);
  const bodyLength = reader.uint32At(4);
  const fieldsLength = reader.uint32At(12);
  const length = FIXED_HEADER_SIZE + align(fieldsLength, 8) + bodyLength;
  if (length > MESSAGE_SIZE_MAX) {
    throw new MalformedMessageError(`a message of ${length} bytes, more than ${MESSAGE_SIZE_MAX}`);
  }
  return length;
}

/**
 * Reads exactly one message.
 *
 * @throws {MalformedMessageError} The bytes break a rule of the protocol.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length < FIXED_HEADER_SIZE || bytes.length !== messageLength(bytes)) {
    throw new MalformedMessageError("the length does not fit the message");
  }
  const reader = new Reader(bytes);
  reader.readEndianness();
  const message: Message = {
    type: bytes[1]!,
    flags: bytes[2]!,
    serial: reader.uint32At(8),
    signature: "",
    body: [],
  };
  if (message.type === 0) throw new MalformedMessageError("message type 0");
  if (message.serial === 0) throw new MalformedMessageError("serial 0");
  reader.offset = 12;
  for (const field of reader.readOne("a(yv)") as [number, Variant][]) {
    const known = HEADER_FIELDS.find(([number]) => number === field[0]);
    if (!known) continue;
    if (field[1].signature !== known[2]) {
      throw new MalformedMessageError(`header field ${known[1]} of type ${field[1].signature}`);
    }
    Object.assign(message, { [known[1]]: field[1].value });
  }
  reader.alignTo(8);
  message.body = completeTypes(message.signature).map((type) => reader.readOne(type));
  if (reader.offset !== bytes.length) throw new MalformedMessageError("bytes after the body");
  return message;
}

/**
 * Writes one message, little-endian.
 *
 * @throws {TypeError} A value does not fit its type.
 */
export function encodeMessage(message: Message): Uint8Array<ArrayBuffer> {
  const body = encodeBody(message.signature, message.body);
  const fields = HEADER_FIELDS
    .filter(([, name]) => message[name] !== undefined && message[name] !== "")
    .map(([number, name, signature]) => [number, { signature, value: message[name] as DBusValue }]);
  const writer = new Writer();
  writer.write("y", 0x6c);
  writer.write("y", message.type);
  writer.write("y", message.flags);
  writer.write("y", 1);
  writer.write("u", body.length);
  writer.write("u", message.serial);
  writer.write("a(yv)", fields);
  writer.alignTo(8);
  return Uint8Array.from([...writer.bytes, ...body]);
}

/**
 * The single complete types of a signature: "sa{sv}" gives "s" and "a{sv}".
 *
 * @throws {MalformedMessageError} It is no signature.
 */
export function completeTypes(signature: string): string[] {
  if (signature.length > 255) throw new MalformedMessageError("a signature over 255 characters");
  const types: string[] = [];
  for (let start = 0; start < signature.length;) {
    const end = typeEnd(signature, start, 0);
    types.push(signature.slice(start, end));
    start = end;
  }
  return types;
}

/** Where the complete type ends that begins at `start`. */
function typeEnd(signature: string, start: number, depth: number): number {
  const code = signature[start];
  const malformed = () => new MalformedMessageError(`signature ${JSON.stringify(signature)}`);
  if (code === undefined || depth > DEPTH_MAX) throw malformed();
  if (code in BASIC_ALIGNMENTS || code === "v") return start + 1;
  if (code === "a") {
    if (signature[start + 1] !== "{") return typeEnd(signature, start + 1, depth + 1);
    if (!(signature[start + 2]! in BASIC_ALIGNMENTS)) throw malformed();
    const end = typeEnd(signature, start + 3, depth + 1);
    if (signature[end] !== "}") throw malformed();
    return end + 1;
  }
  if (code !== "(" || signature[start + 1] === ")") throw malformed();
  let end = start + 1;
  while (signature[end] !== ")") end = typeEnd(signature, end, depth + 1);
  return end + 1;
}

const BASIC_ALIGNMENTS: Record<string, number> = {
  __proto__: null as never,
  y: 1,
  b: 4,
  n: 2,
  q: 2,
  i: 4,
  u: 4,
  h: 4,
  x: 8,
  t: 8,
  d: 8,
  s: 4,
  o: 4,
  g: 1,
};

function alignmentOf(type: string): number {
  return BASIC_ALIGNMENTS[type[0]!] ?? (type[0] === "v" ? 1 : type[0] === "a" ? 4 : 8);
}

/** The types inside "(…)" or "{…}". */
function memberTypes(type: string): string[] {
  return completeTypes(type.slice(1, -1));
}

/** A dictionary entry is no complete type of its own, so "{kv}" is taken apart by hand. */
function entryTypes(entry: string): [key: string, value: string] {
  return [entry[1]!, entry.slice(2, -1)];
}

function align(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** Reads values at a moving offset; the first byte tells the byte order. */
class Reader {
  offset = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #littleEndian = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  readEndianness(): void {
    const mark = this.#bytes[0];
    if (mark !== 0x6c && mark !== 0x42) throw new MalformedMessageError("no byte order mark");
    this.#littleEndian = mark === 0x6c;
  }

  uint32At(offset: number): number {
    return this.#view.getUint32(offset, this.#littleEndian);
  }

  alignTo(alignment: number): void {
    const end = align(this.offset, alignment);
    while (this.offset < end) {
      if (this.#bytes[this.#take(1)] !== 0) throw new MalformedMessageError("padding is not zero");
    }
  }

  /** Reads a value of one complete type. */
  readOne(type: string, depth = 0): DBusValue {
    if (depth > DEPTH_MAX) throw new MalformedMessageError(`nested deeper than ${DEPTH_MAX}`);
    this.alignTo(alignmentOf(type));
    switch (type[0]) {
      case "a":
        return this.#readArray(type.slice(1), depth + 1);
      case "(":
        return memberTypes(type).map((member) => this.readOne(member, depth + 1));
      case "v": {
        const signature = this.readOne("g") as string;
        if (completeTypes(signature).length !== 1) {
          throw new MalformedMessageError(`a variant of type ${JSON.stringify(signature)}`);
        }
        return { signature, value: this.readOne(signature, depth + 1) };
      }
      default:
        return this.#readBasic(type);
    }
  }

  #readBasic(type: string): DBusValue {
    const little = this.#littleEndian;
    switch (type) {
      case "y":
        return this.#bytes[this.#take(1)]!;
      case "n":
        return this.#view.getInt16(this.#take(2), little);
      case "q":
        return this.#view.getUint16(this.#take(2), little);
      case "i":
        return this.#view.getInt32(this.#take(4), little);
      case "u":
      case "h":
        return this.#view.getUint32(this.#take(4), little);
      case "x":
        return this.#view.getBigInt64(this.#take(8), little);
      case "t":
        return this.#view.getBigUint64(this.#take(8), little);
      case "d":
        return this.#view.getFloat64(this.#take(8), little);
      case "b": {
        const value = this.#view.getUint32(this.#take(4), little);
        if (value > 1) throw new MalformedMessageError(`boolean ${value}`);
        return value === 1;
      }
      case "g": {
        const text = this.#readText(this.#bytes[this.#take(1)]!);
        completeTypes(text);
        return text;
      }
      default:
        return this.#readText(this.#view.getUint32(this.#take(4), little));
    }
  }

  #readText(length: number): string {
    const start = this.#take(length);
    if (this.#bytes[this.#take(1)] !== 0) throw new MalformedMessageError("text without end");
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
        .decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw new MalformedMessageError("text that is not UTF-8");
    }
    if (text.includes("\0")) throw new MalformedMessageError("NUL inside text");
    return text;
  }

  #readArray(element: string, depth: number): DBusValue {
    const length = this.uint32At(this.#take(4));
    // The padding before the first element is there even when there is none, and does not count.
    this.alignTo(alignmentOf(element));
    const end = this.offset + length;
    if (end > this.#bytes.length) throw new MalformedMessageError("an array beyond the end");
    if (element === "y") return this.#bytes.slice(this.#take(length), end);
    const value = element[0] === "{" ? this.#readMap(element, end, depth) : [];
    while (this.offset < end) (value as DBusValue[]).push(this.readOne(element, depth));
    if (this.offset !== end) throw new MalformedMessageError("an array element beyond the end");
    return value;
  }

  #readMap(entry: string, end: number, depth: number): Map<DBusValue, DBusValue> {
    const [keyType, valueType] = entryTypes(entry);
    const map = new Map<DBusValue, DBusValue>();
    while (this.offset < end) {
      this.alignTo(8);
      const key = this.readOne(keyType);
      map.set(key, this.readOne(valueType, depth + 1));
    }
    return map;
  }

  /** Steps over `count` bytes and gives the offset they begin at. */
  #take(count: number): number {
    const start = this.offset;
    if (start + count > this.#bytes.length) throw new MalformedMessageError("cut off");
    this.offset += count;
    return start;
  }
}

function encodeBody(signature: string, values: DBusValue[]): number[] {
  const types = completeTypes(signature);
  if (types.length !== values.length) {
    throw new TypeError(`${values.length} values for ${signature}`);
  }
  const writer = new Writer();
  types.forEach((type, index) => writer.write(type, values[index]!));
  return writer.bytes;
}

/** Writes values one after the other, little-endian. */
class Writer {
  readonly bytes: number[] = [];

  alignTo(alignment: number): void {
    while (this.bytes.length % alignment !== 0) this.bytes.push(0);
  }

  /** Writes a value of one complete type. */
  write(type: string, value: unknown): void {
    this.alignTo(alignmentOf(type));
    switch (type[0]) {
      case "a":
        return this.#writeArray(type.slice(1), value);
      case "(": {
        const types = memberTypes(type);
        if (!Array.isArray(value) || value.length !== types.length) throw misfit(type, value);
        return types.forEach((member, index) => this.write(member, value[index]));
      }
      case "v": {
        const { signature, value: inner } = value as Variant;
        this.write("g", signature);
        return this.write(signature, inner);
      }
      case "s":
      case "o":
      case "g":
        return this.#writeText(type, value);
      case "b":
        if (typeof value !== "boolean") throw misfit(type, value);
        return this.#writeNumber("u", Number(value));
      default:
        return this.#writeNumber(type, value);
    }
  }

  #writeNumber(type: string, value: unknown): void {
    const size = BASIC_ALIGNMENTS[type]!;
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    if (type === "d" && typeof value === "number") {
      view.setFloat64(0, value, true);
    } else {
      if (size === 8 ? typeof value !== "bigint" : !Number.isInteger(value)) {
        throw misfit(type, value);
      }
      const integer = BigInt(value as number | bigint);
      const signed = type === "n" || type === "i" || type === "x";
      const fitted = signed ? BigInt.asIntN(size * 8, integer) : BigInt.asUintN(size * 8, integer);
      if (fitted !== integer) throw misfit(type, value);
      for (let i = 0; i < size; i++) bytes[i] = Number(integer >> BigInt(8 * i) & 0xffn);
    }
    this.bytes.push(...bytes);
  }

  #writeText(type: string, value: unknown): void {
    if (typeof value !== "string" || value.includes("\0")) throw misfit(type, value);
    const text = new TextEncoder().encode(value);
    this.#writeNumber(type === "g" ? "y" : "u", text.length);
    for (const byte of text) this.bytes.push(byte);
    this.bytes.push(0);
  }

  #writeArray(element: string, value: unknown): void {
    const lengthAt = this.bytes.length;
    this.#writeNumber("u", 0);
    this.alignTo(alignmentOf(element));
    const start = this.bytes.length;
    if (element[0] === "{") {
      const [keyType, valueType] = entryTypes(element);
      for (const [key, entry] of value as Map<DBusValue, DBusValue>) {
        this.alignTo(8);
        this.write(keyType, key);
        this.write(valueType, entry);
      }
    } else {
      for (const item of value as Iterable<unknown>) this.write(element, item);
    }
    const length = this.bytes.length - start;
    for (let i = 0; i < 4; i++) this.bytes[lengthAt + i] = length >> 8 * i & 0xff;
  }
}

function misfit(type: string, value: unknown): TypeError {
  return new TypeError(`${String(value)} does not fit D-Bus type ${type}`);
}
