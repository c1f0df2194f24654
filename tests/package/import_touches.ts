/**
 * What modules touch of the machine while they are imported: nothing.
 *
 * @module
 */

/**
 * Imports modules and says what they used meanwhile of the environment, of users, files and programs. All of it is in the
 * function, whose text also runs in Node. Bun and Deno let nobody stand in for node:fs and node:child_process; Deno's
 * permissions see those.
 */
export async function importTouches(modules: readonly string[]): Promise<string[]> {
  const { default: process } = await import("node:process");
  const { default: fs } = await import("node:fs");
  const { default: childProcess } = await import("node:child_process");
  const { syncBuiltinESMExports } = await import("node:module");
  const touched: string[] = [];
  const touch = (what: string) => {
    // The runtimes' own modules do this too when they are first imported.
    const caller = new Error().stack!.split("\n")[3] ?? "";
    if (!/\b(node|ext|bun):/.test(caller)) touched.push(what);
  };
  // deno-lint-ignore no-explicit-any
  const watch = (owner: any, ...names: string[]) => {
    for (const name of names) {
      const original = owner[name];
      owner[name] = (...args: unknown[]) => {
        touch(name);
        return original.apply(owner, args);
      };
    }
  };
  watch(process, "getuid", "geteuid", "getgid", "cwd");
  watch(fs, "readFileSync", "openSync", "statSync", "lstatSync", "accessSync", "existsSync");
  watch(fs, "readdirSync", "mkdirSync", "mkdtempSync", "writeFileSync", "realpathSync");
  watch(childProcess, "spawn", "spawnSync", "execFileSync", "execSync");
  const { env } = process;
  Object.defineProperty(process, "env", {
    value: new Proxy(env, {
      get(target, name) {
        touch(`env.${String(name)}`);
        return Reflect.get(target, name);
      },
    }),
  });
  syncBuiltinESMExports();
  for (const name of modules) {
    if (Object.keys(await import(name)).length === 0) throw new Error(`${name} exports nothing`);
  }
  // What is done later is no import.
  return [...touched];
}
