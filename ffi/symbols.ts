/**
 * The native functions, one line each: parameter types in order. Every function returns an i32.
 *
 * "buffer" is a Uint8Array and always followed by its length; numbers are checked by the caller, for
 * Deno throws and Bun wraps on one out of range. `zig/exports.zig` says what each function does.
 *
 * @module
 */

/** What may cross the boundary. */
export type NativeType = "i32" | "u32" | "buffer";

/** Name to parameter types. */
export const SYMBOLS = {
  mif_abi_version: [],
  mif_snapshot: ["buffer", "u32", "buffer", "u32"],
  mif_routes: ["u32", "u32", "buffer", "u32", "buffer", "u32"],
  mif_netlink_change: ["u32", "buffer", "u32"],
  mif_netlink_decode: ["buffer", "u32", "buffer", "u32"],
  mif_route_lookup: ["buffer", "u32", "buffer", "u32", "u32", "u32", "buffer", "u32"],
  mif_netlink_join: ["u32"],
  mif_netlink_receive: ["i32", "buffer", "u32"],
  mif_unix_connect: ["buffer", "u32", "u32"],
  mif_stream_write: ["i32", "buffer", "u32", "u32"],
  mif_stream_read: ["i32", "buffer", "u32", "u32"],
  mif_socket: ["u32", "u32", "u32"],
  mif_bind: ["i32", "buffer", "u32"],
  mif_connect: ["i32", "buffer", "u32"],
  mif_listen: ["i32", "u32"],
  mif_accept: ["i32", "buffer", "u32"],
  mif_shutdown: ["i32", "i32"],
  mif_getsockname: ["i32", "u32", "buffer", "u32"],
  mif_find_connection: ["i32", "buffer", "u32", "buffer", "u32"],
  mif_setsockopt: ["i32", "i32", "u32", "buffer", "u32"],
  mif_getsockopt: ["i32", "i32", "u32", "buffer", "u32"],
  mif_getsockopts: ["i32", "buffer", "u32"],
  mif_recvmmsg: ["i32", "buffer", "u32", "buffer", "u32", "buffer", "u32", "buffer", "u32", "u32"],
  mif_sendmmsg: ["i32", "buffer", "u32", "buffer", "u32"],
  mif_sendmsg: ["i32", "buffer", "u32", "buffer", "u32", "buffer", "u32", "u32"],
  mif_dup: ["i32"],
  mif_take: ["i32", "u32", "u32", "u32"],
  mif_give: ["i32"],
  mif_reactor_open: ["u32", "buffer", "u32"],
  mif_reactor_watch: ["u32", "u32", "i32", "u32"],
  mif_reactor_take: ["u32", "buffer", "u32"],
  mif_reactor_strategy: ["u32"],
  mif_process_state_version: [],
  mif_process_state_set: ["buffer", "u32"],
  mif_process_state_get: ["buffer", "u32"],
  mif_confine: ["buffer", "u32", "buffer", "u32", "buffer", "u32"],
  mif_seccomp_receive: ["i32", "buffer", "u32"],
  mif_seccomp_id_valid: ["i32", "buffer", "u32"],
  mif_seccomp_answer: ["i32", "buffer", "u32", "u32", "u32"],
  mif_pidfd_getfd: ["u32", "i32"],
  mif_process_vm_readv: ["u32", "buffer", "u32", "buffer", "u32"],
  mif_waitid: ["i32"],
  mif_confine_end: ["i32", "i32"],
  mif_boot_time: ["buffer", "u32"],
  mif_close: ["i32"],
  mif_thread_end: [],
} as const satisfies Record<string, readonly NativeType[]>;

type JsType<T> = T extends "buffer" ? Uint8Array : number;
type JsTypes<P extends readonly NativeType[]> = { -readonly [I in keyof P]: JsType<P[I]> };

/** The library as TypeScript sees it. */
export type Native = {
  readonly [Name in keyof typeof SYMBOLS]: (...values: JsTypes<(typeof SYMBOLS)[Name]>) => number;
};
