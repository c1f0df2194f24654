import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  authorizeBinding,
  bindingManagementKey,
  buildMobility,
  Correspondent,
  type CorrespondentOptions,
  type MobilityMessage,
  type MobilityMessageInit,
  type MobilityOptionInit,
  type MobilityReply,
  parseMobility,
  type ReceivedMobility,
  verifyBinding,
} from "../../lib/mobility/mod.ts";
import { fuzzed } from "../fuzz.ts";
import { hex, toHex } from "./vectors.ts";

const CORRESPONDENT = "2001:db8:8888::1";
const CARE_OF = "2001:db8:7777::1";
const HOME = "2001:db8:9999::1";
const COOKIE = hex("0102030405060708");
const AUTHORIZATION = {
  name: "binding-authorization-data",
  authenticator: new Uint8Array(12),
} as const;

/** A message as a socket gives it. */
function received(
  message: MobilityMessageInit | Uint8Array,
  { source = CARE_OF, homeAddress = null as string | null, ...rest }: Partial<ReceivedMobility> =
    {},
): ReceivedMobility {
  const bytes = message instanceof Uint8Array ? message : buildMobility(message);
  return {
    message: parseMobility(bytes),
    bytes,
    source: homeAddress ?? source,
    destination: CORRESPONDENT,
    wireSource: source,
    wireDestination: CORRESPONDENT,
    homeAddress,
    interface: 1,
    verdict: { ok: true },
    ...rest,
  };
}

/** A mobile node in one process with its correspondent, whose clock does not go by itself. */
class Pair {
  nowMs = 1_000_000;
  readonly correspondent: Correspondent;
  sequence = 0;
  homeAddress = HOME;
  careOfAddress = CARE_OF;
  home: { token: Uint8Array; index: number } | null = null;
  careOf: { token: Uint8Array; index: number } | null = null;
  kbm = new Uint8Array(20);

  constructor(options: CorrespondentOptions = {}) {
    this.correspondent = new Correspondent({ clock: () => this.nowMs, ...options });
  }

  async testHome(): Promise<void> {
    this.home = await this.#test("HoTI", this.homeAddress);
  }

  async testCareOf(): Promise<void> {
    this.careOf = await this.#test("CoTI", this.careOfAddress);
  }

  async #test(type: "HoTI" | "CoTI", source: string) {
    const answer = await this.correspondent.answer(received({ type, cookie: COOKIE }, { source }));
    const message = parseMobility(answer!.message);
    assert.ok(message.type === (type === "HoTI" ? "HoT" : "CoT"));
    assert.equal(toHex(message.cookie), toHex(COOKIE));
    assert.deepEqual(answer!.options, { to: source, from: CORRESPONDENT });
    return { token: message.keygenToken, index: message.nonceIndex };
  }

  /** A Binding Update as the mobile node would send it, or other than that. */
  async update(
    change: {
      lifetimeSeconds?: number;
      sequence?: number;
      acknowledge?: boolean;
      homeRegistration?: boolean;
      options?: MobilityOptionInit[];
      authorizedFor?: string;
      forge?: boolean;
      from?: string;
      isHome?: boolean;
    } = {},
  ): Promise<MobilityReply | null> {
    const { lifetimeSeconds = 420, acknowledge = true, homeRegistration, from } = change;
    const deletes = lifetimeSeconds === 0 || change.isHome;
    const sequence = change.sequence ?? ++this.sequence;
    const indices = {
      name: "nonce-indices",
      homeNonceIndex: this.home!.index,
      careOfNonceIndex: deletes ? 0 : this.careOf!.index,
    } as const;
    const message = buildMobility({
      type: "BU",
      sequence,
      flags: { acknowledge, homeRegistration },
      lifetimeSeconds,
      options: change.options ?? [indices, AUTHORIZATION],
    });
    this.kbm = new Uint8Array(
      await bindingManagementKey(this.home!.token, deletes ? null : this.careOf!.token),
    );
    const careOf = change.authorizedFor ?? (deletes ? this.homeAddress : this.careOfAddress);
    if (!change.options) await authorizeBinding(this.kbm, careOf, CORRESPONDENT, message);
    if (change.forge) message[message.length - 1]! ^= 1;
    const where = change.isHome
      ? { source: this.homeAddress }
      : { source: from ?? this.careOfAddress, homeAddress: this.homeAddress };
    return await this.correspondent.answer(received(message, where));
  }

  /** The acknowledgement, its authenticator verified where it must have one. */
  async acknowledged(answer: MobilityReply | null, careOf = this.careOfAddress) {
    const message: MobilityMessage = parseMobility(answer!.message);
    assert.ok(message.type === "BA");
    assert.equal(message.flags.keyManagement, false);
    const isAuthorized = await verifyBinding(this.kbm, careOf, CORRESPONDENT, answer!.message);
    assert.equal(isAuthorized, ![131, 136, 137, 138].includes(message.status));
    return { status: message.status, sequence: message.sequence, for: message.lifetimeSeconds };
  }
}

async function pair(options?: CorrespondentOptions): Promise<Pair> {
  const made = new Pair(options);
  await made.testHome();
  await made.testCareOf();
  return made;
}

const AWAY = { to: HOME, careOfAddress: CARE_OF, from: CORRESPONDENT };

test("a binding from first to last", async () => {
  const p = await pair();
  const answer = await p.update();
  assert.deepEqual(answer!.options, AWAY);
  assert.deepEqual(await p.acknowledged(answer), { status: 0, sequence: 1, for: 420 });
  const bound = { homeAddress: HOME, careOfAddress: CARE_OF, sequence: 1 };
  assert.deepEqual(p.correspondent.bindings, [{ ...bound, lifetimeSeconds: 420 }]);
  p.nowMs += 419_000;
  assert.deepEqual(p.correspondent.bindings, [{ ...bound, lifetimeSeconds: 1 }]);
  p.nowMs += 1000;
  assert.deepEqual(p.correspondent.bindings, []);
});

test("renewed, moved, and deleted from away and from home", async () => {
  const p = await pair();
  await p.update();
  p.careOfAddress = "2001:db8:6666::1";
  await p.testCareOf();
  const moved = await p.update({ lifetimeSeconds: 40 });
  assert.deepEqual(await p.acknowledged(moved), { status: 0, sequence: 2, for: 40 });
  assert.deepEqual(p.correspondent.bindings[0]!.careOfAddress, "2001:db8:6666::1");

  const deleted = await p.update({ lifetimeSeconds: 0 });
  assert.deepEqual(deleted!.options, { ...AWAY, careOfAddress: "2001:db8:6666::1" });
  assert.deepEqual(await p.acknowledged(deleted, HOME), { status: 0, sequence: 3, for: 0 });
  assert.deepEqual(p.correspondent.bindings, []);

  await p.update();
  const home = await p.update({ isHome: true });
  assert.deepEqual(home!.options, { to: HOME, from: CORRESPONDENT });
  assert.deepEqual(await p.acknowledged(home, HOME), { status: 0, sequence: 5, for: 0 });
  assert.deepEqual(p.correspondent.bindings, []);
});

test("an alternate care-of address is what was tested and what is bound", async () => {
  const p = await pair();
  const alternate = "2001:db8:5555::9";
  p.careOfAddress = alternate;
  await p.testCareOf();
  const options: MobilityOptionInit[] = [
    { name: "alternate-care-of-address", careOfAddress: alternate },
    {
      name: "nonce-indices",
      homeNonceIndex: p.home!.index,
      careOfNonceIndex: p.careOf!.index,
    },
    AUTHORIZATION,
  ];
  const message = buildMobility({ type: "BU", sequence: 1, lifetimeSeconds: 420, options });
  const kbm = await bindingManagementKey(p.home!.token, p.careOf!.token);
  await authorizeBinding(kbm, alternate, CORRESPONDENT, message);
  const answer = await p.correspondent.answer(received(message, { homeAddress: HOME }));
  // Nobody asked for an acknowledgement.
  assert.equal(answer, null);
  assert.equal(p.correspondent.bindings[0]!.careOfAddress, alternate);
});

describe("what is refused", () => {
  test("a sequence number that is not later, modulo 65536", async () => {
    const p = await pair();
    await p.update({ sequence: 65_000 });
    const rows: [sequence: number, status: number][] = [
      [65_000, 135],
      [64_999, 135],
      [(65_000 + 0x8000) & 0xffff, 135],
      [(65_000 + 0x7fff) & 0xffff, 0],
    ];
    for (const [sequence, status] of rows) {
      const answer = await p.acknowledged(await p.update({ sequence }));
      const last = status === 135 ? 65_000 : sequence;
      assert.deepEqual([answer.status, answer.sequence], [status, last]);
    }
  });

  test("the same again after it was deleted", async () => {
    const p = await pair();
    await p.update({ sequence: 7 });
    await p.update({ lifetimeSeconds: 0, sequence: 8 });
    // Before its nonces are of no use it could be played again.
    p.nowMs += 200_000;
    assert.equal((await p.acknowledged(await p.update({ sequence: 7 }))).status, 135);
    p.nowMs += 41_000;
    await p.testHome();
    await p.testCareOf();
    assert.equal((await p.acknowledged(await p.update({ sequence: 7 }))).status, 0);
  });

  test("nonces that are too old, each by its own status, without authorization", async () => {
    for (const [which, status] of [["home", 136], ["careOf", 137], ["both", 138]] as const) {
      const p = await pair();
      p.nowMs += 240_000;
      if (which === "careOf") await p.testHome();
      if (which === "home") await p.testCareOf();
      const answer = await p.update();
      assert.equal(parseMobility(answer!.message).type, "BA");
      assert.equal((await p.acknowledged(answer)).status, status);
      assert.deepEqual(answer!.options, AWAY);
    }
  });

  test("nonces nobody made", async () => {
    const p = await pair();
    p.home!.index ^= 0x8000;
    assert.equal((await p.acknowledged(await p.update())).status, 136);
  });

  test("a home registration", async () => {
    const p = await pair();
    const answer = await p.update({ homeRegistration: true });
    assert.equal((await p.acknowledged(answer)).status, 131);
  });

  test("one more than there is room for, unless it is known already", async () => {
    const p = await pair({ bindingsMax: 1 });
    await p.update();
    p.homeAddress = "2001:db8:9999::2";
    await p.testHome();
    assert.equal((await p.acknowledged(await p.update())).status, 130);
    p.homeAddress = HOME;
    await p.testHome();
    assert.equal((await p.acknowledged(await p.update())).status, 0);
    // Until the first is forgotten.
    p.nowMs += 420_000;
    p.homeAddress = "2001:db8:9999::2";
    await p.testHome();
    await p.testCareOf();
    assert.equal((await p.acknowledged(await p.update())).status, 0);
  });

  test("a longer lifetime than is granted", async () => {
    const p = await pair({ lifetimeMaxSeconds: 62 });
    assert.equal((await p.acknowledged(await p.update({ lifetimeSeconds: 4000 }))).for, 60);
  });
});

describe("what is ignored", () => {
  test("a forged authenticator, another's key, another care-of address", async () => {
    const p = await pair();
    assert.equal(await p.update({ forge: true }), null);
    assert.equal(await p.update({ authorizedFor: "2001:db8:6666::1" }), null);
    assert.equal(await p.update({ from: "2001:db8:6666::1" }), null);
    const stranger = await pair();
    p.home = stranger.home;
    assert.equal(await p.update(), null);
    assert.deepEqual(p.correspondent.bindings, []);
  });

  test("no nonce indices, no authorization", async () => {
    const p = await pair();
    assert.equal(await p.update({ options: [] }), null);
    assert.equal(await p.update({ options: [AUTHORIZATION] }), null);
  });

  test("addresses that nothing is routed to", async () => {
    const p = await pair();
    for (const source of ["fe80::1", "ff02::1", "::", "::1", "::ffff:192.0.2.1"]) {
      const init = received({ type: "HoTI", cookie: COOKIE }, { source });
      assert.equal(await p.correspondent.answer(init), null, source);
      p.homeAddress = source;
      assert.equal(await p.update(), null, source);
      p.homeAddress = HOME;
      assert.equal(await p.update({ from: source }), null, source);
    }
  });

  test("what is not its business, and what is not right", async () => {
    const { correspondent } = await pair();
    for (
      const message of [{ type: "BRR" }, { type: "BE", status: 1, homeAddress: "::" }] as const
    ) {
      assert.equal(await correspondent.answer(received(message)), null);
    }
    const verdict = {
      ok: false,
      action: "drop",
      code: null,
      pointer: null,
      fault: "checksum",
    } as const;
    const wrong = received({ type: "HoTI", cookie: COOKIE }, { verdict });
    assert.equal(await correspondent.answer(wrong), null);
    assert.equal(await correspondent.answer({ ...wrong, message: null }), null);
  });
});

test("tokens are of use for between 210 and 240 seconds, and a new nonce comes every 30", async () => {
  const p = new Pair();
  const indices = new Set<number>();
  for (let i = 0; i < 20; i++) {
    await p.testHome();
    indices.add(p.home!.index);
    p.nowMs += 15_000;
  }
  assert.equal(indices.size, 10);
  for (const [ageMs, status] of [[210_000, 0], [209_999, 0], [240_000, 136]] as const) {
    // A nonce's first moment.
    p.nowMs += 30_000 - (p.nowMs - 1_000_000) % 30_000;
    await p.testHome();
    p.nowMs += ageMs;
    await p.testCareOf();
    assert.equal((await p.acknowledged(await p.update())).status, status, `${ageMs} ms`);
  }
});

test("nonce indices go around", async () => {
  const p = new Pair();
  p.nowMs += 65_536 * 30_000 - 1;
  await p.testHome();
  assert.equal(p.home!.index, 0xffff);
  p.nowMs += 1;
  await p.testCareOf();
  assert.equal(p.careOf!.index, 0);
  assert.equal((await p.acknowledged(await p.update())).status, 0);
});

test("any bytes from anywhere", async () => {
  const { correspondent } = await pair();
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 8, maxLength: 64 }),
    fc.uint8Array({ minLength: 24, maxLength: 24 }).map((tail) =>
      new Uint8Array([0x3b, 3, 5, 0, 0, 0, 0, 1, ...tail])
    ),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.boolean(), async (message, isAway) => {
      let read: ReceivedMobility;
      try {
        read = received(message, isAway ? { homeAddress: HOME } : {});
      } catch {
        return;
      }
      const answer = await correspondent.answer(read);
      if (answer) parseMobility(answer.message);
      assert.deepEqual(correspondent.bindings, []);
    }),
    fuzzed,
  );
});

test("arguments are checked", () => {
  assert.throws(() => new Correspondent({ lifetimeMaxSeconds: 421 }), RangeError);
  assert.throws(() => new Correspondent({ lifetimeMaxSeconds: 0 }), RangeError);
  assert.throws(() => new Correspondent({ bindingsMax: -1 }), RangeError);
});
