//! Rules of the Zig sources, as tests.

const std = @import("std");

const line_length_max = 120;
const function_lines_max = 70;

/// Not in the library, each with what it would bring in. Cut in two, so that this file may be held against them.
const banned_in_library = [_][]const u8{
    // Thread-local storage: the library is loaded without a libc that would set it up.
    "thread" ++ "local",
    "std." ++ "Thread",
    // libc itself.
    "link_libc = " ++ "true",
    "@c" ++ "Import",
    "std." ++ "c.",
    // Formatting, locks and standard error: a hundred kilobytes.
    "std." ++ "debug.print",
    "std." ++ "log",
    // Memory is the caller's.
    "std." ++ "heap",
};

const banned_everywhere = [_][]const u8{ "TO" ++ "DO", "FIX" ++ "ME", "XX" ++ "X" };

/// Programs and tests, which run on the machine that builds.
const not_of_the_library = [_][]const u8{ "build.zig", "generate.zig", "generate_mobility.zig", "tests.zig" };

const Source = struct {
    /// From zig/.
    path: []const u8,
    text: [:0]const u8,

    fn isOfTheLibrary(self: Source) bool {
        if (std.mem.startsWith(u8, self.path, "tests/")) return false;
        for (not_of_the_library) |name| if (std.mem.eql(u8, name, self.path)) return false;
        return true;
    }
};

const Sources = struct {
    arena: std.heap.ArenaAllocator,
    all: []const Source,

    fn read() !Sources {
        var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
        errdefer arena.deinit();
        var all: std.ArrayList(Source) = .empty;
        for ([_][]const u8{ ".", "tests" }) |directory_path| {
            const io = std.testing.io;
            var directory = try std.Io.Dir.cwd().openDir(io, directory_path, .{ .iterate = true });
            defer directory.close(io);
            var entries = directory.iterate();
            while (try entries.next(io)) |entry| {
                if (entry.kind != .file or !std.mem.endsWith(u8, entry.name, ".zig")) continue;
                const allocator = arena.allocator();
                const limit: std.Io.Limit = .limited(1 << 20);
                const text = try directory.readFileAllocOptions(io, entry.name, allocator, limit, .of(u8), 0);
                const prefix = if (directory_path.len > 1) "tests/" else "";
                const path = try std.mem.concat(allocator, u8, &.{ prefix, entry.name });
                try all.append(allocator, .{ .path = path, .text = text });
            }
        }
        return .{ .arena = arena, .all = all.items };
    }

    fn deinit(self: *Sources) void {
        self.arena.deinit();
    }
};

/// Counts what is wrong, and says each.
const Findings = struct {
    count: usize = 0,

    fn add(self: *Findings, comptime format: []const u8, arguments: anytype) void {
        std.debug.print(format ++ "\n", arguments);
        self.count += 1;
    }

    fn expectNone(self: Findings) !void {
        try std.testing.expectEqual(0, self.count);
    }
};

test "lines: their length, words that are not to stay, exports in one file" {
    var sources: Sources = try .read();
    defer sources.deinit();
    try std.testing.expect(sources.all.len >= 15);
    var findings: Findings = .{};
    for (sources.all) |source| {
        var lines = std.mem.splitScalar(u8, source.text, '\n');
        var number: usize = 1;
        while (lines.next()) |line| : (number += 1) {
            if (line.len > line_length_max) findings.add("{s}:{d}: too long", .{ source.path, number });
            for (banned_everywhere) |word| {
                if (has(line, word)) findings.add("{s}:{d}: {s}", .{ source.path, number, word });
            }
            if (!source.isOfTheLibrary()) continue;
            for (banned_in_library) |word| {
                if (has(line, word)) findings.add("{s}:{d}: {s} in the library", .{ source.path, number, word });
            }
            const exports = std.mem.startsWith(u8, line, "export ") or has(line, " export fn ") or
                has(line, "@export(");
            if (exports and !std.mem.eql(u8, source.path, "exports.zig")) {
                findings.add("{s}:{d}: an export outside of exports.zig", .{ source.path, number });
            }
        }
    }
    try findings.expectNone();
}

fn has(text: []const u8, word: []const u8) bool {
    return std.mem.find(u8, text, word) != null;
}

test "syntax: as zig fmt writes it, functions that fit a screen" {
    var sources: Sources = try .read();
    defer sources.deinit();
    var findings: Findings = .{};
    for (sources.all) |source| {
        const allocator = sources.arena.allocator();
        const tree: std.zig.Ast = try .parse(allocator, source.text, .zig);
        if (tree.errors.len > 0) {
            findings.add("{s}: does not parse", .{source.path});
            continue;
        }
        const formatted = try tree.renderAlloc(allocator);
        if (!std.mem.eql(u8, formatted, source.text)) findings.add("{s}: run zig fmt", .{source.path});
        for (0..tree.nodes.len) |i| {
            const node: std.zig.Ast.Node.Index = @enumFromInt(i);
            if (tree.nodeTag(node) != .fn_decl or isTypeFunction(tree, node)) continue;
            const lines = std.mem.count(u8, tree.getNodeSource(node), "\n") + 1;
            if (lines <= function_lines_max) continue;
            const place = tree.tokenLocation(0, tree.firstToken(node));
            findings.add("{s}:{d}: a function of {d} lines", .{ source.path, place.line + 1, lines });
        }
    }
    try findings.expectNone();
}

/// A function that makes a type holds that type's functions, which are counted themselves.
fn isTypeFunction(tree: std.zig.Ast, node: std.zig.Ast.Node.Index) bool {
    var buffer: [1]std.zig.Ast.Node.Index = undefined;
    const prototype = tree.fullFnProto(&buffer, node) orelse return false;
    const returned = prototype.ast.return_type.unwrap() orelse return false;
    return std.mem.eql(u8, tree.getNodeSource(returned), "type");
}

test "a file with tests is in tests.zig, or they would never run" {
    var sources: Sources = try .read();
    defer sources.deinit();
    const list = for (sources.all) |source| {
        if (std.mem.eql(u8, source.path, "tests.zig")) break source.text;
    } else return error.NoList;
    var findings: Findings = .{};
    for (sources.all) |source| {
        if (!has(source.text, "\ntest \"")) continue;
        const import = try std.mem.concat(sources.arena.allocator(), u8, &.{ "_ = @import(\"", source.path, "\")" });
        if (!has(list, import)) findings.add("{s}: not in tests.zig", .{source.path});
    }
    try findings.expectNone();
}
