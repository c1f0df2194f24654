/**
 * unbound(8) as recursive name server of the lab.
 *
 * @module
 */

/** What an unbound of the lab does. */
export interface UnboundOptions {
  /** Addresses it listens on. */
  listen: string[];
  /** Who is asked for the names of each domain: "127.0.0.1@5300". */
  stubs: Record<string, string>;
  /** Lines of the server clause of unbound.conf(5) beside these. */
  config?: string[];
}

/** unbound.conf(5) that serves `options` and asks nobody else. */
export function unboundConfig(options: UnboundOptions): string {
  return [
    "server:",
    ...options.listen.map((address) => `  interface: ${address}@53`),
    "  access-control: 0.0.0.0/0 allow",
    "  access-control: ::/0 allow",
    // A user namespace has no other user.
    '  username: ""',
    '  chroot: ""',
    '  directory: ""',
    '  pidfile: ""',
    "  do-daemonize: no",
    "  use-syslog: no",
    '  logfile: ""',
    "  verbosity: 1",
    "  num-threads: 1",
    "  do-not-query-localhost: no",
    // There is no chain of trust here.
    '  module-config: "iterator"',
    ...(options.config ?? []).map((line) => `  ${line}`),
    "remote-control:",
    "  control-enable: no",
    ...Object.entries(options.stubs).flatMap(([domain, address]) => [
      "stub-zone:",
      `  name: "${domain}"`,
      `  stub-addr: ${address}`,
    ]),
    "",
  ].join("\n");
}

/** The command line; "-d" keeps it in the foreground, "-p" without a file for its process. */
export function unboundArgv(configPath: string): string[] {
  return ["unbound", "-d", "-p", "-c", configPath];
}
