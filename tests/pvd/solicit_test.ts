// How long a solicitation waits and for whom, with a socket that a test plays the network of.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { MifError } from "../../lib/error.ts";
import { parseAddress } from "../../lib/ip/address.ts";
import type { RouterMessage, SolicitationSource } from "../../lib/ndp/router_socket.ts";
import type { AddressRecord, LinkRecord } from "../../ffi/layout.gen.ts";
import { Link } from "../../lib/pvd/draft.ts";
import {
  linksToSolicit,
  solicit,
  type SolicitedLink,
  type SolicitingSocket,
} from "../../lib/pvd/solicit.ts";
import { routerAdvertisement } from "../lab/mod.ts";

/** Answers each solicitation as a test says. */
class Network implements SolicitingSocket {
  /** The interface of each solicitation, in order. */
  readonly asked: number[] = [];
  /** "interface router" of each advertisement that was taken. */
  readonly heard: string[] = [];
  closed = false;
  #queue: RouterMessage[] = [];
  #wake = () => {};
  #onAsk: (network: Network, interfaceIndex: number) => void;

  constructor(onAsk: (network: Network, interfaceIndex: number) => void = () => {}) {
    this.#onAsk = onAsk;
  }

  answer(interfaceIndex: number, router: string, change: Partial<RouterMessage> = {}): void {
    const source = parseAddress(router)!.bytes;
    const data = routerAdvertisement();
    this.#queue.push({ data, source, interface: interfaceIndex, hopLimit: 255, ...change });
    this.#wake();
  }

  // deno-lint-ignore require-await -- an error of `onAsk` is a rejection.
  async solicit({ interface: index }: SolicitationSource): Promise<void> {
    this.asked.push(index);
    this.#onAsk(this, index);
  }

  async receive(
    { signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<RouterMessage | null> {
    signal?.throwIfAborted();
    if (this.#queue.length === 0) {
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      const timer = new AbortController();
      const ends = AbortSignal.any([timer.signal, ...(signal ? [signal] : [])]);
      await Promise.race([woken, sleep(timeoutMs, undefined, { signal: ends })]).catch(() => {});
      timer.abort();
      signal?.throwIfAborted();
    }
    return this.#queue.shift() ?? null;
  }

  [Symbol.dispose](): void {
    this.closed = true;
  }
}

function link(index: number, ...routers: string[]): SolicitedLink {
  return {
    interface: index,
    address: "fe80::a",
    addresses: ["fe80::a", "fe80::b"],
    hardwareAddress: new Uint8Array(6),
    routers,
  };
}

/** Solicits, and returns how many milliseconds that took. */
async function elapsed(
  network: Network,
  links: SolicitedLink[],
  options: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<number> {
  const startMs = performance.now();
  try {
    await solicit(links, {
      ...options,
      open: () => network,
      hear: (index, router) => network.heard.push(`${index} ${router}`),
    });
  } finally {
    assert.ok(network.closed);
  }
  return performance.now() - startMs;
}

/** A machine with other work is so much late; what waits for nothing to its end takes three seconds. */
const LATE_MS = 1_200;

function assertBetween(value: number, min: number, max: number): void {
  assert.ok(value >= min && value <= max + LATE_MS, `${value} is not between ${min} and ${max}`);
}

/** A link with carrier, multicast and the addresses, changed as a test says. */
function kernelLink(index: number, addresses: string[], change: Partial<LinkRecord> = {}): Link {
  const link = new Link({
    index,
    name: new TextEncoder().encode(`h${index}`),
    flags: IFF_UP | IFF_LOWER_UP | IFF_MULTICAST,
    master: 0,
    vrfTable: 0,
    hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, index, 9, 9),
    hardwareAddressLength: 6,
    ...change,
  } as LinkRecord);
  for (const text of addresses) {
    const { family, bytes } = parseAddress(text)!;
    const address = new Uint8Array(16);
    address.set(bytes);
    link.addresses.push({ family: family as number, address } as AddressRecord);
  }
  return link;
}

const IFF_UP = 1;
const IFF_MULTICAST = 0x1000;
const IFF_LOWER_UP = 0x10000;

test("which links are asked, from which address, and for whom", () => {
  const usual = ["2001:db8::1", "fe80::a", "fe80::b", "169.254.1.1"];
  const router = kernelLink(1, usual);
  router.routerDraft("fe80::1");
  const links = [
    router,
    kernelLink(2, usual, { flags: IFF_UP | IFF_MULTICAST }),
    kernelLink(3, usual, { flags: IFF_UP | IFF_LOWER_UP }),
    kernelLink(4, ["2001:db8::1", "169.254.1.1"]),
    kernelLink(5, usual, { master: 1 }),
    kernelLink(6, ["fe80::c"], { master: 7, hardwareAddressLength: 0 }),
    kernelLink(7, [], { vrfTable: 10 }),
    kernelLink(8, usual, { master: 99 }),
  ];
  assert.deepEqual(linksToSolicit(new Map(links.map((link) => [link.index, link]))), [
    {
      interface: 1,
      address: "fe80::a",
      addresses: ["fe80::a", "fe80::b"],
      hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
      routers: ["fe80::1"],
    },
    {
      interface: 6,
      address: "fe80::c",
      addresses: ["fe80::c"],
      hardwareAddress: new Uint8Array(0),
      routers: [],
    },
  ]);
});

test("no link: no wait", async () => {
  const network = new Network();
  assertBetween(await elapsed(network, []), 0, 100);
  assert.deepEqual(network.asked, []);
});

test("all known routers have answered: a quiet time, and an end", async () => {
  const network = new Network((network, index) => {
    network.answer(index, "fe80::1");
    network.answer(index, "fe80::2");
  });
  const links = [link(3, "fe80::1", "fe80::2"), link(4, "fe80::2")];
  assertBetween(await elapsed(network, links), 590, 1500);
  assert.deepEqual(network.asked, [3, 4]);
  assert.deepEqual(network.heard.sort(), ["3 fe80::1", "3 fe80::2", "4 fe80::1", "4 fe80::2"]);
});

test("a router that answers late is waited for, and others in its quiet time", async () => {
  const network = new Network(async (network, index) => {
    await sleep(300);
    network.answer(index, "fe80::1");
    await sleep(300);
    network.answer(index, "fe80::2");
    // Neither a repeated answer nor time alone makes it longer.
    await sleep(300);
    network.answer(index, "fe80::1");
  });
  assertBetween(await elapsed(network, [link(3, "fe80::1")]), 1190, 1450);
  assert.deepEqual(network.heard, ["3 fe80::1", "3 fe80::2", "3 fe80::1"]);
});

test("nobody answers: asked once more at half of the time, and an end at the bound", async () => {
  const network = new Network();
  assertBetween(await elapsed(network, [link(3), link(4)], { timeoutMs: 300 }), 299, 700);
  assert.deepEqual(network.asked, [3, 4, 3, 4]);
});

test("a link that has answered is not asked again because of another", async () => {
  const network = new Network((network, index) => {
    if (index === 3) network.answer(index, "fe80::1");
  });
  assertBetween(
    await elapsed(network, [link(3), link(4, "fe80::1")], { timeoutMs: 300 }),
    299,
    700,
  );
  assert.deepEqual(network.asked, [3, 4, 4]);
});

test("what is invalid, our own, or of another link is no answer", async () => {
  const network = new Network((network, index) => {
    network.answer(index, "fe80::1", { hopLimit: 64 });
    network.answer(index, "fe80::1", { hopLimit: null });
    network.answer(index, "2001:db8::1");
    network.answer(index, "fe80::1", { data: routerAdvertisement().subarray(0, 15) });
    network.answer(index, "fe80::1", { data: new Uint8Array(0) });
    network.answer(index, "fe80::b");
    network.answer(index + 1, "fe80::1");
    network.answer(0, "fe80::1");
  });
  assertBetween(await elapsed(network, [link(3)], { timeoutMs: 200 }), 199, 600);
  assert.deepEqual(network.heard, []);
});

test("a flood of sources ends at the bound, and others get their turn meanwhile", async () => {
  // Turns of the event loop: how many there are does not hang on how busy the machine is.
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  let count = 0;
  class Flood extends Network {
    override receive(): Promise<RouterMessage> {
      const source = parseAddress(
        `fe80::${(count >> 16).toString(16)}:${(count++ & 0xffff).toString(16)}`,
      )!;
      return Promise.resolve({
        data: routerAdvertisement(),
        interface: 3,
        source: source.bytes,
        hopLimit: 255,
      });
    }
  }
  try {
    const options = { timeoutMs: 500 };
    assertBetween(await elapsed(new Flood(), [link(3, "fe80:1::1")], options), 499, 5_000);
  } finally {
    isOver = true;
  }
  assert.ok(count > 100, String(count));
  assert.ok(turns >= 5, String(turns));
});

test("a thousand links are asked while their answers are taken in", async () => {
  let waiting = 0;
  let most = 0;
  class Counting extends Network {
    override async receive(options: { timeoutMs?: number }): Promise<RouterMessage | null> {
      const message = await super.receive(options);
      if (message) waiting--;
      return message;
    }
  }
  const network = new Counting((network, index) => {
    most = Math.max(most, ++waiting);
    network.answer(index, "fe80::1");
  });
  await elapsed(network, Array.from({ length: 1000 }, (_, index) => link(index + 1, "fe80::1")));
  assert.equal(network.heard.length, 1000);
  assert.equal(network.asked.length, 1000);
  assert.ok(most <= 64, String(most));
});

test("a link that cannot be sent on is not waited for", async () => {
  const network = new Network((network, index) => {
    if (index === 3) network.answer(index, "fe80::1");
    else throw new MifError("Gone", { code: "ENODEV", errno: 19, syscall: "sendmsg" });
  });
  assertBetween(await elapsed(network, [link(3), link(4, "fe80::1")]), 590, 1500);
});

test("what the kernel could not send just now is sent again", async () => {
  let tries = 0;
  const network = new Network((network, index) => {
    if (index === 3 && ++tries < 3) {
      throw new MifError("Full", { code: "EINVAL", errno: 22, syscall: "sendmsg" });
    }
    network.answer(index, "fe80::1");
  });
  assertBetween(await elapsed(network, [link(3, "fe80::1"), link(4)]), 1090, 1500);
  assert.deepEqual(network.asked, [3, 4, 3, 3]);
  const never = new Network(() => {
    throw new MifError("Full", { code: "ENOBUFS", errno: 105, syscall: "sendmsg" });
  });
  assertBetween(await elapsed(never, [link(3)], { timeoutMs: 300 }), 299, 700);
});

test("an abort ends it with the signal's reason", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(
    solicit([link(3)], { signal, open: () => assert.fail("opened"), hear: () => {} }),
    reason,
  );
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 50);
  const startMs = performance.now();
  await assert.rejects(elapsed(new Network(), [link(3)], { signal: controller.signal }), reason);
  assertBetween(performance.now() - startMs, 40, 500);
});

test("an error that is no system call's is not taken for a link's", async () => {
  const network = new Network(() => {
    throw new TypeError("a mistake");
  });
  await assert.rejects(elapsed(network, [link(3)]), TypeError);
});

test("without CAP_NET_RAW the error says so and what to do", async () => {
  const cause = new MifError("Cannot open a socket", {
    code: "EPERM",
    errno: 1,
    syscall: "socket",
  });
  const open = () => {
    throw cause;
  };
  await assert.rejects(solicit([], { open, hear: () => {} }), (error: MifError) => {
    assert.deepEqual([error.code, error.errno, error.syscall], ["EPERM", 1, "socket"]);
    assert.match(error.message, /CAP_NET_RAW/);
    assert.match(error.message, /setcap/);
    assert.equal(error.cause, cause);
    return true;
  });
});

test("a kernel without IPv6 has no routers to ask", async () => {
  const open = () => {
    throw new MifError("No", { code: "EAFNOSUPPORT", errno: 97, syscall: "socket" });
  };
  await solicit([], { open, hear: () => assert.fail("heard") });
});
