/**
 * Files of KEY=value lines: the environment files systemd writes, and the key files of GLib.
 *
 * @module
 */

/**
 * The wanted keys of an environment file (systemd.exec(5), EnvironmentFile=). The last line with a
 * key wins; quotes around a whole value are taken off.
 */
export function parseEnvFile<K extends string>(
  text: string,
  keys: readonly K[],
): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const line of text.split("\n")) {
    const equals = line.indexOf("=");
    const key = keys.find((key) => key.length === equals && line.startsWith(key));
    if (key !== undefined) found[key] = unquote(line.slice(equals + 1).trim());
  }
  return found;
}

/** The entries of one group of a GLib key file ("[group]", then "key=value"); the last value wins. */
export function parseKeyFileGroup(text: string, group: string): Map<string, string> {
  const entries = new Map<string, string>();
  let inside = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("[")) {
      inside = line.trimEnd() === `[${group}]`;
    } else if (inside && !line.startsWith("#")) {
      const equals = line.indexOf("=");
      if (equals > 0) entries.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
    }
  }
  return entries;
}

function unquote(value: string): string {
  return /^"[^]*"$|^'[^]*'$/.test(value) && value.length > 1 ? value.slice(1, -1) : value;
}
