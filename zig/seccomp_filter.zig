//! The seccomp(2) filter of a program that is to use one provisioning domain: the system calls by which a socket
//! of the internet gets an address or a destination go to a supervisor, and those that would get around it fail.
//!
//! All jumps lead over the rest of one check, so that each check can be read alone.

const builtin = @import("builtin");
const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const uapi = @import("uapi.zig");

/// struct sock_filter.
pub const Instruction = extern struct { code: u16, jt: u8 = 0, jf: u8 = 0, k: u32 };

/// A socket option, of whatever socket, that nobody may set.
pub const Option = extern struct { level: u32, name: u32 };

pub const options_max = 48;

/// Enough for the fixed part and four for each option.
const instructions_max = 64 + 4 * options_max;

const load_word = 0x20; // BPF_LD | BPF_W | BPF_ABS
const jump_equal = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const jump_at_least = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const jump_always = 0x05; // BPF_JMP | BPF_JA
const give = 0x06; // BPF_RET | BPF_K

/// Offsets in struct seccomp_data; the low half of an argument comes first.
const number_at = 0;
const architecture_at = 4;
fn argumentAt(index: u32) u32 {
    return 16 + 8 * index;
}

const allow = linux.SECCOMP.RET.ALLOW;
const ask = linux.SECCOMP.RET.USER_NOTIF;
fn refuse(errno: linux.E) u32 {
    return linux.SECCOMP.RET.ERRNO | @as(u32, @intFromEnum(errno));
}

/// AUDIT_ARCH_*: the machine of elf.h, 64 bits, little-endian. Zig 0.16's own does not compile.
const architecture: u32 = 0xc000_0000 | @as(u32, switch (builtin.cpu.arch) {
    .x86_64 => 62,
    .aarch64 => 183,
    else => @compileError("not a CPU this library is built for"),
});

/// System calls of the x32 ABI have this bit.
const x32_bit = 0x40000000;

/// What the supervisor is asked about, as it names it.
const asked = [_]struct { linux.SYS, layout.SocketCall }{
    .{ .bind, .bind },
    .{ .connect, .connect },
    .{ .listen, .listen },
    .{ .sendmsg, .sendmsg },
    .{ .sendmmsg, .sendmmsg },
};

/// Families whose sockets cannot reach a network, beside the internet's.
const harmless_families = [_]u32{ linux.AF.UNSPEC, linux.AF.UNIX, linux.AF.NETLINK, linux.AF.ALG };

fn numberOf(call: linux.SYS) u32 {
    return @intCast(@intFromEnum(call));
}

/// The name of a system call that the filter asks about.
pub fn callOf(number: i32) layout.SocketCall {
    for (asked) |pair| if (@intFromEnum(pair[0]) == number) return pair[1];
    return .sendto;
}

pub const Program = struct {
    instructions: [instructions_max]Instruction = undefined,
    length: u16 = 0,

    /// The whole filter. At most `options_max` options.
    pub fn build(options: []align(1) const Option) Program {
        std.debug.assert(options.len <= options_max);
        var self: Program = .{};
        self.load(architecture_at);
        self.unless(architecture, refuse(.NOSYS));
        self.load(number_at);
        if (builtin.cpu.arch == .x86_64) {
            self.add(.{ .code = jump_at_least, .jf = 1, .k = x32_bit });
            self.answer(refuse(.NOSYS));
        }
        for (asked) |pair| self.when(numberOf(pair[0]), ask);
        // What it submits is never seen here; programs do without it.
        self.when(numberOf(.io_uring_setup), refuse(.NOSYS));
        self.sendto();
        self.socket();
        self.setsockopt(options);
        self.answer(allow);
        return self;
    }

    /// Without an address it goes where connect() said.
    fn sendto(self: *Program) void {
        const skip = self.unlessCall(.sendto);
        self.load(argumentAt(4));
        self.unless(0, ask);
        self.load(argumentAt(4) + 4);
        self.unless(0, ask);
        self.answer(allow);
        self.land(skip);
    }

    fn socket(self: *Program) void {
        const skip = self.unlessCall(.socket);
        self.load(argumentAt(0));
        for (harmless_families) |family| self.when(family, allow);
        self.add(.{ .code = jump_equal, .jt = 2, .k = linux.AF.INET });
        self.add(.{ .code = jump_equal, .jt = 1, .k = linux.AF.INET6 });
        self.answer(refuse(.AFNOSUPPORT));
        // It opens connections of its own from other addresses; programs fall back to TCP.
        self.load(argumentAt(2));
        self.when(uapi.IPPROTO_MPTCP, refuse(.PROTONOSUPPORT));
        self.answer(allow);
        self.land(skip);
    }

    fn setsockopt(self: *Program, options: []align(1) const Option) void {
        const skip = self.unlessCall(.setsockopt);
        for (options) |option| {
            self.load(argumentAt(1));
            self.add(.{ .code = jump_equal, .jf = 3, .k = option.level });
            self.load(argumentAt(2));
            self.when(option.name, refuse(.PERM));
        }
        self.answer(allow);
        self.land(skip);
    }

    noinline fn add(self: *Program, instruction: Instruction) void {
        self.instructions[self.length] = instruction;
        self.length += 1;
    }

    fn load(self: *Program, offset: u32) void {
        self.add(.{ .code = load_word, .k = offset });
    }

    fn answer(self: *Program, action: u32) void {
        self.add(.{ .code = give, .k = action });
    }

    noinline fn when(self: *Program, value: u32, action: u32) void {
        self.add(.{ .code = jump_equal, .jf = 1, .k = value });
        self.answer(action);
    }

    noinline fn unless(self: *Program, value: u32, action: u32) void {
        self.add(.{ .code = jump_equal, .jt = 1, .k = value });
        self.answer(action);
    }

    /// Begins a check of one system call; it ends with `land`.
    fn unlessCall(self: *Program, number: linux.SYS) u16 {
        self.add(.{ .code = jump_equal, .jt = 1, .k = numberOf(number) });
        self.add(.{ .code = jump_always, .k = 0 });
        return self.length - 1;
    }

    fn land(self: *Program, jump: u16) void {
        self.instructions[jump].k = self.length - jump - 1;
    }
};
