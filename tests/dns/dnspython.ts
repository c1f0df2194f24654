/**
 * dnspython as judge of our DNS codec (dnspython.py).
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { commandOutput } from "../lab/command.ts";

const program = fileURLToPath(new URL("./dnspython.py", import.meta.url));

/** False where dnspython is there, else why tests that need it are skipped. */
export function dnspythonSkip(): string | false {
  try {
    commandOutput(["python3", "-c", "import dns.message"]);
    return false;
  } catch {
    return "needs python3-dnspython";
  }
}

/** Runs the judge in one of its modes; one JSON value for each line it prints. */
export function dnspython<T>(words: readonly (string | number)[], lines: string[] = []): T[] {
  const output = commandOutput(
    ["python3", program, ...words.map(String)],
    lines.map((line) => `${line}\n`).join(""),
  );
  return output.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Bytes as hexadecimal text, everywhere in a value: as the judge writes them. */
export function hexed(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, each) => each instanceof Uint8Array ? hex(each) : each),
  );
}

/** Bytes as hexadecimal text. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hexadecimal text, blanks left out, as bytes. */
export function unhex(text: string): Uint8Array {
  const digits = text.replace(/\s/g, "");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
