/**
 * Programs that know nothing of PvDs, for `mif exec` to run.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandOutput } from "../lab/command.ts";

/** Words that run a program in Python with these arguments. */
export function python(program: string, ...args: string[]): string[] {
  return ["python3", "-IS", "-c", program, ...args];
}

/**
 * Asks the echo servers at the addresses, by UDP with and without connect(), by sendmsg() and sendmmsg()-like means and
 * by TCP, in threads and in a child: one line for each answer, which is the source the server saw.
 */
export const ASKING = String.raw`
import os, socket, sys, threading
def ask(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    to, word = (address, 7), b"who"
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(word, to)
        yield "sendto", s.recv(99)
        s.sendmsg([word], [], 0, to)
        yield "sendmsg", s.recv(99)
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect(to)
        s.send(word)
        yield "connected", s.recv(99)
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))
        s.sendto(word, to)
        yield "bound", s.recv(99)
    with socket.create_connection(to, 5) as s:
        s.sendall(word)
        yield "tcp", s.recv(99)
def show(address):
    for name, answer in ask(address):
        print(name, answer.decode(), flush=True)
for address in sys.argv[1:]:
    show(address)
    thread = threading.Thread(target=show, args=(address,))
    thread.start()
    thread.join()
    child = os.fork()
    if child == 0:
        show(address)
        os._exit(0)
    os.waitpid(child, 0)
`;

/** How many answers {@linkcode ASKING} prints for each address. */
export const ANSWERS = 15;

/** Tries what would lead around the supervisor: one line for each, with the name of the error. */
export const EVADING = String.raw`
import ctypes, errno, os, socket, struct, sys
own, foreign, service, device = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, call):
    try:
        call()
        print(name, "done")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
def raw(number, *args):
    if libc.syscall(number, *args) < 0:
        raise OSError(ctypes.get_errno(), "")
def udp():
    return socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
attempt("SO_BINDTODEVICE", lambda: udp().setsockopt(socket.SOL_SOCKET, 25, device.encode()))
attempt("SO_MARK", lambda: udp().setsockopt(socket.SOL_SOCKET, 36, 7))
attempt("IPV6_PKTINFO", lambda: udp().setsockopt(41, 50, socket.inet_pton(10, foreign) + bytes(4)))
attempt("bind to a foreign address", lambda: udp().bind((foreign, 0)))
attempt("bind to our own", lambda: udp().bind((own, 0)))
attempt("packet socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM))
attempt("MPTCP", lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262))
attempt("io_uring_setup", lambda: raw(425, 8, ctypes.create_string_buffer(256)))
info = socket.inet_pton(10, foreign) + bytes(4)
attempt("a foreign source in sendmsg()",
        lambda: udp().sendmsg([b"x"], [(41, 50, info)], 0, (service, 9)))
info = socket.inet_pton(10, own) + bytes(4)
attempt("our own source in sendmsg()",
        lambda: udp().sendmsg([b"x"], [(41, 50, info)], 0, (service, 9)))
attempt("loopback DNS", lambda: udp().connect(("::1", 53)))
attempt("loopback", lambda: udp().connect(("::1", 54)))
def late():
    s = udp()
    s.connect(("::1", 54))
    s.connect((service, 9))
attempt("the network from a socket of loopback", late)
attempt("no descriptor", lambda: raw(42, 999, None, 0))
attempt("no socket", lambda: raw(42, os.open("/dev/null", 0), None, 0))
attempt("no address", lambda: raw(42, udp().detach(), None, 28))
attempt("memory that is not there", lambda: raw(42, udp().detach(), ctypes.c_void_p(64), 28))
attempt("an odd family", lambda: raw(42, udp().detach(), struct.pack("H", 77) + bytes(26), 28))
def named():
    a, b = socket.socketpair()
    a.sendmsg([b"word"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", 1))])
    assert b.recv(9) == b"word"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0mif" + str(os.getpid()))
    listener.listen()
    socket.socket(socket.AF_UNIX).connect("\0mif" + str(os.getpid()))
attempt("unix sockets", named)
`;

/** A program in C that asks one echo server by TCP, linked statically: no library is between it and the kernel. */
const STATIC = String.raw`
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
  char answer[99];
  inet_pton(AF_INET6, argv[argc - 1], &to.sin6_addr);
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) || write(fd, "who", 3) != 3) return 3;
  ssize_t length = read(fd, answer, sizeof answer);
  return length > 0 && write(1, answer, length) == length ? 0 : 4;
}
`;

/** Compiles it; the function it returns takes it away. */
export function staticProgram(): { path: string; [Symbol.dispose](): void } {
  const directory = mkdtempSync(join(tmpdir(), "mif-static-"));
  const path = join(directory, "ask");
  commandOutput(["gcc", "-static", "-O1", "-x", "c", "-", "-o", path], STATIC);
  commandOutput(["chmod", "-R", "a+rX", directory]);
  return { path, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

/** Opens a connection, says so, and then writes a byte every 20 ms until that fails: prints the error's name. */
export const WRITING = String.raw`
import errno, socket, sys, time
s = socket.create_connection((sys.argv[1], 7), 5)
print("connected", flush=True)
try:
    while True:
        s.send(b"x")
        time.sleep(0.02)
except OSError as error:
    print(errno.errorcode.get(error.errno, str(error)), flush=True)
`;
