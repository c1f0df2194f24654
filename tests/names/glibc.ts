/**
 * glibc as judge: the same questions to our getaddrinfo() on a PvD and to getaddrinfo(3), in a host of the lab that has
 * no other network.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { AddrInfo } from "../../mod.ts";
import type { CommandResult, Host, PrivilegeOptions } from "../lab/mod.ts";
import { CompiledProgram } from "../socket/c_program.ts";
import type { Question } from "./getaddrinfo_script.ts";

/** The list of results, or the code of the error. */
export type Answer = AddrInfo[] | string;

const script = new URL("./getaddrinfo_script.ts", import.meta.url);
const oracle = new URL("./getaddrinfo_oracle.c", import.meta.url);

/** Asks our getaddrinfo() on the PvD of an ID; null is the system. */
export async function askOurs(
  host: Host,
  questions: readonly Question[],
  pvd: string | null,
  options: PrivilegeOptions = {},
): Promise<Answer[]> {
  const result = await host.runScript(script, pvd === null ? [] : [pvd], {
    ...options,
    input: questions.map((question) => JSON.stringify(question) + "\n").join(""),
    timeoutMs: 60_000,
  });
  return readAnswers(result, questions.length);
}

/** Asks both. */
export async function askBoth(
  host: Host,
  questions: readonly Question[],
  pvd: string | null,
  options: PrivilegeOptions = {},
): Promise<{ ours: Answer[]; glibc: Answer[] }> {
  using judge = new CompiledProgram(readFileSync(oracle, "utf8"));
  const [ours, judged] = await Promise.all([
    askOurs(host, questions, pvd, options),
    host.run([judge.path], { input: questions.map(oracleLine).join(""), timeoutMs: 60_000 }),
  ]);
  return { ours, glibc: readAnswers(judged, questions.length) };
}

function readAnswers({ status, stdout, stderr }: CommandResult, count: number): Answer[] {
  assert.deepEqual([status, stderr], [0, ""]);
  const answers = stdout.trimEnd().split("\n").map((line): Answer => JSON.parse(line));
  assert.equal(answers.length, count);
  return answers;
}

function oracleLine([hostname, service, hints]: Question): string {
  const { ai_family = 0, ai_socktype = 0, ai_protocol = 0, ai_flags = 0 } = hints ?? {};
  const numbers = [hints ? 1 : 0, ai_family, ai_socktype, ai_protocol, ai_flags];
  return [inHex(hostname), inHex(service), ...numbers].join(" ") + "\n";
}

function inHex(text: string | null): string {
  if (text === null) return "null";
  const bytes = new TextEncoder().encode(text);
  return text === ""
    ? "empty"
    : [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
