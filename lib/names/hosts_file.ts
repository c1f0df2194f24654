/**
 * hosts(5): what this host's administrator says of names, before any server is asked, whatever the PvD.
 *
 * @module
 */

import { formatAddress, parseAddress } from "../ip/address.ts";
import type { HostFiles } from "../sources/host_files.ts";
import { ParsedFile } from "../sources/parsed_file.ts";

/** A name the file has. */
export interface HostsEntry {
  /** The first name on the first line that has it. */
  canonicalName: string;
  /** 4 or 16 bytes each, in the order of the lines. */
  addresses: Uint8Array[];
}

/** The names of /etc/hosts. */
export class HostsFile {
  readonly #byName = new Map<string, HostsEntry>();
  readonly #byAddress = new Map<string, string>();

  /** Reads the text of a hosts file; a line that makes no sense is left out, as the C library does. */
  constructor(text: string) {
    for (const line of text.split("\n")) {
      const [address, ...names] = line.split("#")[0]!.split(/[ \t\r\f\v]+/).filter((word) =>
        word !== ""
      );
      const parsed = address === undefined ? null : parseAddress(address);
      // A zone has no place in the results: the C library leaves such a line out as well.
      if (!parsed || parsed.zone !== null || names.length === 0) continue;
      for (const name of new Set(names.map((name) => name.toLowerCase()))) {
        const entry = this.#byName.get(name);
        if (entry) entry.addresses.push(parsed.bytes);
        else this.#byName.set(name, { canonicalName: names[0]!, addresses: [parsed.bytes] });
      }
      const text = formatAddress(parsed.bytes);
      if (!this.#byAddress.has(text)) this.#byAddress.set(text, names[0]!);
    }
  }

  /** What the file says of a name, in whatever case, or null. */
  byName(name: string): HostsEntry | null {
    return this.#byName.get(name.toLowerCase()) ?? null;
  }

  /** The canonical name of an address, or null. */
  byAddress(bytes: Uint8Array): string | null {
    return this.#byAddress.get(formatAddress(bytes)) ?? null;
  }
}

/** A blocklist in the file's place may have a hundred thousand lines, and a comment in any old encoding. */
const file = new ParsedFile("/etc/hosts", (text) => new HostsFile(text), {
  maxBytes: 16 * 1024 * 1024,
  damaged: true,
});

/** /etc/hosts as it is now, or was a second ago. @throws {MifError} EACCES: the runtime does not permit to read it. */
export function hostsFile(files: HostFiles): HostsFile {
  return file.readPermitted(files);
}
