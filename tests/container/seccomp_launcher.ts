/**
 * Runs commands under a seccomp(2) filter, as containers do: a small program in C that refuses some system calls and then
 * becomes the command.
 *
 * @module
 */

import { CompiledProgram } from "../socket/c_program.ts";

/** A system call that is refused: always, or where one argument says so. */
export interface Refusal {
  /** Its name, as in `SYS_name`. */
  call: string;
  /** The errno it fails with. */
  errno: string;
  /** Only where the low half of this argument is `equals`, or has one of the bits of `any`; numbers or C constants. */
  argument?: { index: number; equals?: string; any?: string };
}

/** The program: `path`, then the command and its words. */
export function seccompLauncher(refusals: readonly Refusal[]): CompiledProgram {
  return new CompiledProgram(source(refusals));
}

/**
 * What Docker's default profile refuses a container without added capabilities, as its documentation lists it; it is a list of
 * what is allowed, and this is of what is not, among the calls a runtime or this package might make.
 */
export const DOCKER_DEFAULT: readonly Refusal[] = [
  ...["io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open"],
  ...["mount", "umount2", "pivot_root", "move_mount", "fsopen", "open_tree", "setns", "unshare"],
  ...["ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp"],
  ...["keyctl", "add_key", "request_key", "userfaultfd", "open_by_handle_at", "quotactl"],
  ...["acct", "reboot", "swapon", "swapoff", "init_module", "finit_module", "delete_module"],
  ...["iopl", "ioperm", "kexec_load", "settimeofday", "clock_settime", "vhangup", "syslog"],
].map((call): Refusal => ({ call, errno: "EPERM" })).concat([
  {
    call: "clone",
    errno: "EPERM",
    argument: {
      index: 0,
      any:
        "CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET",
    },
  },
  // Its flags are in memory, where a filter cannot look: the C library takes clone() instead.
  { call: "clone3", errno: "ENOSYS" },
  { call: "socket", errno: "EPERM", argument: { index: 0, equals: "AF_VSOCK" } },
]);

/** Where a sandbox keeps programs from the kernel's network tables. */
export const NO_NETLINK: readonly Refusal[] = [
  { call: "socket", errno: "EAFNOSUPPORT", argument: { index: 0, equals: "AF_NETLINK" } },
];

function source(refusals: readonly Refusal[]): string {
  return String.raw`
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, field)
#define REFUSE(number) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))
int main(int argc, char **argv) {
  (void)argc;
  struct sock_filter filter[] = {
    ${refusals.map(check).join("\n    ")}
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 125;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 126;
  execvp(argv[1], argv + 1);
  return 127;
}
`;
}

/** The instructions for one call: jumps lead over the rest of them. */
function check({ call, errno, argument }: Refusal): string {
  const number = `LOAD(offsetof(struct seccomp_data, nr)), `;
  const is = (value: string, over: number) =>
    `BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ${value}, 0, ${over}), `;
  if (!argument) return `${number}${is(`SYS_${call}`, 1)}REFUSE(${errno}),`;
  const test = argument.any === undefined
    ? is(argument.equals!, 1)
    : `BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, ${argument.any}, 0, 1), `;
  const load = `LOAD(offsetof(struct seccomp_data, args[${argument.index}])), `;
  return `${number}${is(`SYS_${call}`, 3)}${load}${test}REFUSE(${errno}),`;
}
