/**
 * glibc as judge: the same questions to our calls on a PvD and to the C library's, in a host of the lab that has no other
 * network.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AddrInfo, NameInfo } from "../../mod.ts";
import { scriptArgv } from "../lab/enter.ts";
import type { Host, PrivilegeOptions } from "../lab/mod.ts";
import { CompiledProgram } from "../socket/c_program.ts";
import type { AddressQuestion, NameQuestion } from "./names_script.ts";

export type { AddressQuestion, NameQuestion } from "./names_script.ts";

/** A call that both have. */
export interface Call<Question, Answer> {
  name: "getaddrinfo" | "getnameinfo";
  /** The program in C that asks glibc. */
  oracle: URL;
  /** What that program reads. */
  line(question: Question): string;
  /** The shape of what comes back, beside the code of an error. */
  readonly answer?: Answer;
}

/** RFC 3493 6.1. */
export const GETADDRINFO: Call<AddressQuestion, AddrInfo[]> = {
  name: "getaddrinfo",
  oracle: new URL("./getaddrinfo_oracle.c", import.meta.url),
  line([hostname, service, hints]) {
    const { ai_family = 0, ai_socktype = 0, ai_protocol = 0, ai_flags = 0 } = hints ?? {};
    const numbers = [hints ? 1 : 0, ai_family, ai_socktype, ai_protocol, ai_flags];
    return [inHex(hostname), inHex(service), ...numbers].join(" ");
  },
};

/** RFC 3493 6.2. */
export const GETNAMEINFO: Call<NameQuestion, NameInfo> = {
  name: "getnameinfo",
  oracle: new URL("./getnameinfo_oracle.c", import.meta.url),
  line: (question) => question.join(" "),
};

const script = fileURLToPath(new URL("./names_script.ts", import.meta.url));

/** How the programs are run. */
export interface AskOptions extends PrivilegeOptions {
  /** The name of the host they run on; the machine's own where left out. */
  hostname?: string;
}

/** Asks us, on the PvD of an ID; null is the system. An error is its code. */
export async function askOurs<Question, Answer>(
  call: Call<Question, Answer>,
  host: Host,
  questions: readonly Question[],
  pvd: string | null,
  options: AskOptions = {},
): Promise<(Answer | string)[]> {
  const argv = [...scriptArgv(script), call.name, ...(pvd === null ? [] : [pvd])];
  const lines = questions.map((question) => JSON.stringify(question));
  return await answersOf(host, argv, lines, options);
}

/** Asks both. */
export async function askBoth<Question, Answer>(
  call: Call<Question, Answer>,
  host: Host,
  questions: readonly Question[],
  pvd: string | null,
  options: AskOptions = {},
): Promise<{ ours: (Answer | string)[]; glibc: (Answer | string)[] }> {
  using judge = new CompiledProgram(readFileSync(call.oracle, "utf8"));
  const [ours, glibc] = await Promise.all([
    askOurs(call, host, questions, pvd, options),
    answersOf<Answer>(host, [judge.path], questions.map((question) => call.line(question)), {
      ...options,
      unprivileged: false,
    }),
  ]);
  return { ours, glibc };
}

/** Runs a program that answers a line of JSON for each line. */
async function answersOf<Answer>(
  host: Host,
  argv: string[],
  lines: string[],
  { hostname, unprivileged }: AskOptions,
): Promise<(Answer | string)[]> {
  const named = hostname === undefined
    ? []
    : ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', hostname];
  const { status, stdout, stderr } = await host.run([...named, ...argv], {
    unprivileged,
    input: lines.map((line) => line + "\n").join(""),
    timeoutMs: 60_000,
  });
  assert.deepEqual([status, stderr], [0, ""]);
  const answers = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(answers.length, lines.length);
  return answers;
}

function inHex(text: string | null): string {
  if (text === null) return "null";
  const bytes = new TextEncoder().encode(text);
  return text === ""
    ? "empty"
    : [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
