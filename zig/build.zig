//! `zig build`: both libraries and the generated layout into zig-out/. `zig build test`: every test here.
//! `zig build fuzz -Dseconds=N`: the fuzz targets for so long.
//! `scripts/build.ts` calls it with the pinned compiler and checks what comes out.

const std = @import("std");
const builtin = @import("builtin");

comptime {
    // minimum_zig_version is not enforced by 0.16; another compiler gives other bytes.
    if (!std.mem.eql(u8, builtin.zig_version_string, "0.16.0")) {
        @compileError("this project is built with Zig 0.16.0, not " ++ builtin.zig_version_string);
    }
}

const cpus = [_]std.Target.Cpu.Arch{ .x86_64, .aarch64 };

pub fn build(b: *std.Build) void {
    for (cpus) |cpu| {
        // No libc: one library serves glibc and musl. The baseline CPU: it runs on every machine.
        const target = b.resolveTargetQuery(.{ .cpu_arch = cpu, .os_tag = .linux, .abi = .none });
        const library = b.addLibrary(.{
            .name = b.fmt("mif-{s}", .{@tagName(cpu)}),
            .linkage = .dynamic,
            .root_module = b.createModule(.{
                .root_source_file = b.path("exports.zig"),
                .target = target,
                .optimize = .ReleaseSafe,
                .strip = true,
                .unwind_tables = .none,
                // The reactor's waker may be a thread: atomics must be real.
                .single_threaded = false,
                .omit_frame_pointer = true,
                .link_libc = false,
            }),
        });
        library.bundle_compiler_rt = true;
        // pthread.zig's symbols are the host's, and weak.
        library.linker_allow_shlib_undefined = true;
        b.installArtifact(library);
    }

    const generate = b.addExecutable(.{
        .name = "generate",
        .root_module = b.createModule(.{
            .root_source_file = b.path("generate.zig"),
            .target = b.graph.host,
            .optimize = .Debug,
        }),
    });
    b.installArtifact(generate);

    const tests = b.addTest(.{
        .root_module = b.createModule(.{
            .root_source_file = b.path("tests.zig"),
            .target = b.graph.host,
            .optimize = .Debug,
        }),
    });
    const run_tests = b.addRunArtifact(tests);
    // They read the sources, of which the build knows only those that are compiled.
    run_tests.setCwd(b.path("."));
    run_tests.has_side_effects = true;
    b.step("test", "Run all tests").dependOn(&run_tests.step);

    const fuzz = b.addExecutable(.{
        .name = "fuzz",
        .root_module = b.createModule(.{
            .root_source_file = b.path("tests.zig"),
            .target = b.graph.host,
            .optimize = .ReleaseSafe,
        }),
    });
    const run_fuzz = b.addRunArtifact(fuzz);
    run_fuzz.has_side_effects = true;
    const seconds = b.option(u32, "seconds", "How long `zig build fuzz` goes on (60)") orelse 60;
    const seed = b.option(u64, "seed", "The first seed of `zig build fuzz` (0)") orelse 0;
    run_fuzz.addArgs(&.{ b.fmt("{d}", .{seconds}), b.fmt("{d}", .{seed}) });
    b.step("fuzz", "Fuzz what reads bytes of the kernel").dependOn(&run_fuzz.step);
}
