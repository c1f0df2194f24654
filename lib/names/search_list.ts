/**
 * The names to ask for in place of one that was given: the search list of resolv.conf(5).
 *
 * @module
 */

import { type HostName, NAME_MAX } from "./host_name.ts";

/** How names are completed. */
export interface SearchRules {
  /** Lower case, no trailing dot. */
  domains: readonly string[];
  /** A name with at least this many dots is asked as it is first. 0 to 15. */
  ndots: number;
  /**
   * Whether a name of one label is also asked as it is. Below a search domain it means a host of that network; alone it
   * would mean a top-level domain, of which the whole world's names are but no host's (RFC 7085).
   */
  singleLabel: boolean;
}

/** The names to ask for, in this order, without trailing dots. */
export function searchNames(name: HostName, rules: SearchRules): string[] {
  if (name.absolute) return [name.text];
  const asItIs = name.dots > 0 || rules.singleLabel ? [name.text] : [];
  const completed = rules.domains.map((domain) => `${name.text}.${domain}`)
    .filter(({ length }) => length <= NAME_MAX);
  return name.dots >= rules.ndots ? [...asItIs, ...completed] : [...completed, ...asItIs];
}
