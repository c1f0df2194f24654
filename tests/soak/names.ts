/**
 * What the programs of the soak agree on.
 *
 * @module
 */

/** Every router's servers know it, at the service addresses. */
export const WWW = "www.example";
/** Another name of it. */
export const ALIAS = "alias.example";
/** Every name below it is there. */
export const FRESH = "fresh.example";

/** What the program in the host writes, a line of JSON each. */
export type Said =
  /** It runs, and its routes are installed. */
  | { kind: "ready" }
  /** What it has done so far, and what is open, while nothing is being done. */
  | {
    kind: "measure";
    rssBytes: number;
    heapBytes: number;
    descriptors: number;
    /** The kinds of work. */
    works: string[];
    /** How often each ended well, or with which error. */
    done: Record<string, number>;
    failed: Record<string, number>;
  };
