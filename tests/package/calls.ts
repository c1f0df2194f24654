/**
 * Calls of the package where its native library cannot be: those that work all the same, and those that say why not. Each
 * function is also used as text, in programs of runtimes that take no TypeScript: nothing else may be named in it.
 *
 * @module
 */

type Package = typeof import("../../mod.ts");

/** What needs no network; each gives true. */
export function pureCalls(mif: Package): (() => unknown)[] {
  return [
    () => mif.rankPvds({ family: 6 }, [], []).length === 0,
    () => mif.RecordType.AAAA === 28,
    () => mif.readIcmp6Filter(mif.icmp6Filter({ pass: [134] })).passes(134),
    () => new mif.MifError("no", { code: "EIO", syscall: "read" }).code === "EIO",
  ];
}

/** What needs the library. */
export function nativeCalls(mif: Package): (() => unknown)[] {
  return [
    () => mif.load(),
    () => mif.listPvds(),
    () => mif.socket(mif.AF_INET6, mif.SOCK_DGRAM),
    () => mif.getpvdinfo("localhost", null),
    () => mif.getaddrinfo("www.example.com", "https", null, null),
    () => mif.query("example.com", "MX"),
    () => mif.connect({ hostname: "192.0.2.1", port: 80 }),
    () => mif.serve(() => new Response(), { hostname: "127.0.0.1", port: 0 }),
    () => mif.installRoutes(),
  ];
}

/** Makes all of them: whether the pure ones gave true, and the different errors of the others. */
export async function outcome(
  pure: (() => unknown)[],
  native: (() => unknown)[],
): Promise<{ pure: boolean; said: string[] }> {
  const said = new Set<string>();
  for (const call of native) {
    try {
      await call();
      said.add(`${call} worked`);
    } catch (error) {
      const { name, code, message } = error as { name: string; code: string; message: string };
      said.add(`${name} ${code} ${message}`);
    }
  }
  return { pure: pure.every((call) => call() === true), said: [...said] };
}
