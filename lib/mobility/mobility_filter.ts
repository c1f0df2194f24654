/**
 * What the kernel is to show a packet socket: IPv6 packets that may carry a mobility message. A program of classic BPF
 * (Documentation/networking/filter.rst), so that the rest of a busy host's traffic costs nothing.
 *
 * @module
 */

import { IPPROTO_IPV6, IPPROTO_MH } from "../socket/options.ts";
import { EXTENSION_HEADERS } from "./header_chain.ts";

const LOAD_BYTE = 0x30; // BPF_LD | BPF_B | BPF_ABS
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

/** Code, instructions to jump over where it is so, and where not, operand. */
type Instruction = [code: number, ifTrue: number, ifFalse: number, k: number];

/** All of a packet. */
const WHOLE = 0xffffffff;
const NEXT_HEADER = 6;
const INNER_NEXT_HEADER = 46;

/**
 * A program for SO_ATTACH_FILTER of a packet socket that receives from the network header on (SOCK_DGRAM). It passes what
 * has a mobility header, or an extension header behind which there may be one, also in one tunnel of IPv6 in IPv6.
 *
 * @param protocols What next to IPPROTO_MH is taken for a mobility header.
 */
export function mobilityFilter(protocols: readonly number[] = []): Uint8Array {
  const passed = [IPPROTO_MH, ...protocols, ...EXTENSION_HEADERS];
  const inner = [...passed, IPPROTO_IPV6];
  // Behind it only its own jumps to the end: to "pass", "drop" is in front of it.
  const ofInner: Instruction[] = [
    [LOAD_BYTE, 0, 0, INNER_NEXT_HEADER],
    ...jumps(inner, (behind) => behind + 1),
    [RETURN, 0, 0, 0],
    [RETURN, 0, 0, WHOLE],
  ];
  const ofOuter: Instruction[] = [
    [LOAD_BYTE, 0, 0, NEXT_HEADER],
    ...jumps(passed, (behind) => behind + 2 + ofInner.length - 1),
    [JUMP_EQUAL, 1, 0, IPPROTO_IPV6],
    [RETURN, 0, 0, 0],
    ...ofInner,
  ];
  return assembled([
    [LOAD_BYTE, 0, 0, 0],
    [AND, 0, 0, 0xf0],
    [JUMP_EQUAL, 1, 0, 0x60],
    [RETURN, 0, 0, 0],
    ...ofOuter,
  ]);
}

/** Jumps where the number is one of these; `over` says how many instructions, of those behind in the list. */
function jumps(numbers: readonly number[], over: (behind: number) => number): Instruction[] {
  return numbers.map((k, i) => [JUMP_EQUAL, over(numbers.length - 1 - i), 0, k]);
}

/** struct sock_filter of each. */
function assembled(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, ifTrue, ifFalse, k], i) => {
    view.setUint16(i * 8, code, true);
    view.setUint8(i * 8 + 2, ifTrue);
    view.setUint8(i * 8 + 3, ifFalse);
    view.setUint32(i * 8 + 4, k, true);
  });
  return bytes;
}
