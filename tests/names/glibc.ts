/**
 * glibc as judge: the same questions to our calls on a PvD and to the C library's, in a host of the lab that has no other
 * network.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { AddrInfo, NameInfo } from "../../mod.ts";
import type { CommandResult, Host, PrivilegeOptions } from "../lab/mod.ts";
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

const script = new URL("./names_script.ts", import.meta.url);

/** Asks us, on the PvD of an ID; null is the system. An error is its code. */
export async function askOurs<Question, Answer>(
  call: Call<Question, Answer>,
  host: Host,
  questions: readonly Question[],
  pvd: string | null,
  options: PrivilegeOptions = {},
): Promise<(Answer | string)[]> {
  const result = await host.runScript(script, [call.name, ...(pvd === null ? [] : [pvd])], {
    ...options,
    input: questions.map((question) => JSON.stringify(question) + "\n").join(""),
    timeoutMs: 60_000,
  });
  return readAnswers(result, questions.length);
}

/** Asks both. */
export async function askBoth<Question, Answer>(
  call: Call<Question, Answer>,
  host: Host,
  questions: readonly Question[],
  pvd: string | null,
  options: PrivilegeOptions = {},
): Promise<{ ours: (Answer | string)[]; glibc: (Answer | string)[] }> {
  using judge = new CompiledProgram(readFileSync(call.oracle, "utf8"));
  const [ours, judged] = await Promise.all([
    askOurs(call, host, questions, pvd, options),
    host.run([judge.path], {
      input: questions.map((question) => call.line(question) + "\n").join(""),
      timeoutMs: 60_000,
    }),
  ]);
  return { ours, glibc: readAnswers(judged, questions.length) };
}

function readAnswers<Answer>(
  { status, stdout, stderr }: CommandResult,
  count: number,
): (Answer | string)[] {
  assert.deepEqual([status, stderr], [0, ""]);
  const answers = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(answers.length, count);
  return answers;
}

function inHex(text: string | null): string {
  if (text === null) return "null";
  const bytes = new TextEncoder().encode(text);
  return text === ""
    ? "empty"
    : [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
