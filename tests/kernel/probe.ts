/**
 * A program that stays in a host and calls the library when told: what it hears in between, it remembers.
 *
 * @module
 */

import type { PvdCriteria, PvdInfo } from "../../mod.ts";
import type { Host, LabProcess, PrivilegeOptions } from "../lab/mod.ts";
import type { ProbeAnswer, ProbeRequest, StatementCounts } from "./probe_script.ts";

const script = new URL("./probe_script.ts", import.meta.url);

/** An answer of `query()`, or of an error its code and message. Bytes are lists of numbers. */
export interface ProbedAnswer {
  code?: string;
  message?: string;
  status?: "found" | "nodata" | "nxdomain";
  canonicalName: string;
  records: ({ name: string; type: string; ttlSeconds: number } & Record<string, unknown>)[];
  server: { address: string; port: number };
  pvd: string | null;
  extendedErrors: { code: number; text: string }[];
}

/** One process in one host, in the runtime that runs this. It ends with the host's world. */
export class Probe {
  #process: LabProcess;
  #waiting: { resolve: (answer: ProbeAnswer) => void; reject: (error: Error) => void }[] = [];

  /** Starts it. */
  constructor(host: Host, options: PrivilegeOptions = {}) {
    const onLine = (line: string) => this.#waiting.shift()?.resolve(JSON.parse(line));
    this.#process = host.spawnScript(script, [], { ...options, onLine });
    this.#process.exited.finally(() => {
      for (const { reject } of this.#waiting) reject(new Error(this.#process.stderr));
    }).catch(() => {});
  }

  /** `listPvds()` there, now. */
  listPvds(): Promise<PvdInfo[]> {
    return this.#ask({ call: "listPvds" });
  }

  /** Reads the host so many times, as `listPvds()` does, and counts what stood in how many. */
  countStatements(times: number): Promise<StatementCounts> {
    return this.#ask({ call: "countStatements", times });
  }

  /** `rankPvds()` there, now. */
  rankPvds(requirements: PvdCriteria, preferences: PvdCriteria[] = []): Promise<PvdInfo[]> {
    return this.#ask({ call: "rankPvds", requirements, preferences });
  }

  /**
   * `query()` there, all questions ("name TYPE") at the same time, on the PvD that had this address when it was first named,
   * or that has it now (`again`).
   */
  async query(
    address: string | null,
    questions: readonly string[],
    { again, ...options }: { again?: boolean; timeoutMs?: number; randomCase?: boolean } = {},
  ): Promise<ProbedAnswer[]> {
    const words = questions.map((question) => question.split(" ") as [string, string]);
    return await this.#ask({ call: "query", address, again, questions: words, options });
  }

  /** `setprocpvd()` there, with the PvD of this address. */
  setprocpvd(address: string | null): Promise<void> {
    return this.#ask({ call: "setprocpvd", address });
  }

  /** `getpvdinfo()` there; rejects with an error that has name and code of the one thrown there. */
  getpvdinfo(
    nodename: string | null,
    servname: string | null,
    options: { solicit?: boolean; timeoutMs?: number } = {},
  ): Promise<PvdInfo[]> {
    return this.#ask({ call: "getpvdinfo", nodename, servname, ...options });
  }

  async #ask<T>(request: ProbeRequest): Promise<T> {
    const answer = new Promise<ProbeAnswer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    this.#process.write(JSON.stringify(request) + "\n");
    const result = await answer;
    if ("error" in result) {
      throw Object.assign(new Error(result.error.message), result.error);
    }
    return result.value as T;
  }
}
