// The keeper by a clock of our own: each test is a rule of RFC 8801 4.1 or 7.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AdditionalInfoKeeper, type KeeperOptions } from "../../lib/additional_info/keeper.ts";
import { RequestLimits } from "../../lib/additional_info/request_limits.ts";
import { AdditionalInfoMemory } from "../../lib/pvd/additional_info_memory.ts";
import { MifError, type PvdAdditionalInfo, type PvdInfo } from "../../mod.ts";
import { DATE_MS, explicitPvd, infoOf } from "./made_up.ts";

const HOUR_MS = 3_600_000;

/** A keeper in a world where time passes when the test says so. */
class Scene {
  nowMs = 0;
  /** Of the day, apart from the clock that only grows. */
  dateOffsetMs = DATE_MS;
  randoms: number[] = [];
  attachment = "1";
  settling = false;
  /** What was asked for: "seconds id". */
  readonly asked: string[] = [];
  /** What came or went: "seconds id". */
  readonly changed: string[] = [];
  readonly memory = new AdditionalInfoMemory();
  readonly keeper: AdditionalInfoKeeper;
  /** What the servers say. */
  answer: (pvd: PvdInfo, signal: AbortSignal) => PvdAdditionalInfo | Promise<PvdAdditionalInfo>;
  readonly #timers = new Map<number, { atMs: number; call: () => void }>();
  #timerCount = 0;

  constructor(answer: Scene["answer"] = ({ id }) => infoOf(id), options: KeeperOptions = {}) {
    this.answer = answer;
    const attachmentOf = () => this.attachment;
    this.keeper = new AdditionalInfoKeeper({
      request: async (pvd, signal) => {
        this.asked.push(this.#at(pvd));
        return await this.answer(pvd, signal);
      },
      onChange: (pvd) => void this.changed.push(this.#at(pvd)),
      isSettling: () => this.settling,
      attachmentOf,
      clock: {
        nowMs: () => this.nowMs,
        dateMs: () => this.dateMs,
        after: (delayMs, call) => {
          const number = ++this.#timerCount;
          this.#timers.set(number, { atMs: this.nowMs + delayMs, call });
          return () => void this.#timers.delete(number);
        },
      },
      random: () => this.randoms.shift() ?? 0,
      memory: this.memory,
      limits: new RequestLimits(attachmentOf),
      ...options,
    });
  }

  get dateMs(): number {
    return this.nowMs + this.dateOffsetMs;
  }

  /** Lets time pass, and all that is to happen in it. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (let count = 0;; count++) {
      assert.ok(count < 10_000, "it never comes to rest");
      await settle();
      const [next] = [...this.#timers].sort(([, a], [, b]) => a.atMs - b.atMs);
      if (!next || next[1].atMs > endMs) break;
      this.#timers.delete(next[0]);
      this.nowMs = Math.max(this.nowMs, next[1].atMs);
      next[1].call();
    }
    this.nowMs = endMs;
  }

  async update(...pvds: PvdInfo[]): Promise<void> {
    this.keeper.update(pvds);
    await this.pass(0);
  }

  /** What a listing shows of the PvD now. */
  shown(pvd: PvdInfo): PvdAdditionalInfo | undefined {
    return this.memory.of(pvd, this.dateMs, () => this.attachment);
  }

  /** Milliseconds until the next thing happens. */
  get nextMs(): number {
    return Math.min(...[...this.#timers.values()].map(({ atMs }) => atMs)) - this.nowMs;
  }

  #at({ id }: PvdInfo): string {
    return `${this.nowMs / 1000} ${id}`;
  }
}

/** All that is to happen without time. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function failure(code: string): MifError {
  return new MifError(`made up: ${code}`, { code, syscall: "test" });
}

const failing = (code: string) => () => {
  throw failure(code);
};

const lasting = ({ id }: PvdInfo) => infoOf(id, { endMs: DATE_MS + 1000 * HOUR_MS });

const A = explicitPvd("a.example");
const B = explicitPvd("b.example");

test("only PvDs with the H flag are asked for, and only explicit ones (4.1)", async () => {
  const scene = new Scene();
  const others = [
    explicitPvd("no.example", { httpInfo: false }),
    explicitPvd("fe80::1%h0", { kind: "implicit" }),
  ];
  await scene.update(A, ...others);
  assert.deepEqual(scene.asked, ["0 a.example"]);
  assert.deepEqual(scene.changed, ["0 a.example"]);
  assert.deepEqual(scene.shown(A), infoOf("a.example"));
  // The flag goes, and with it what was its.
  await scene.update({ ...A, httpInfo: false });
  assert.equal(scene.shown(A), undefined);
  await scene.pass(HOUR_MS);
  assert.deepEqual(scene.asked, ["0 a.example"]);
  assert.equal(scene.nextMs, Infinity);
});

test("all eligible IDs are asked for (7)", async () => {
  const scene = new Scene();
  const pvds = Array.from({ length: 12 }, (_, i) => explicitPvd(`${i}.example`));
  await scene.update(...pvds);
  await scene.pass(30_000);
  assert.deepEqual(new Set(scene.asked.map((line) => line.split(" ")[1])).size, 12);
  assert.ok(pvds.every((pvd) => scene.shown(pvd) !== undefined));
});

test("at most five requests within ten seconds on one network (4.1)", async () => {
  const scene = new Scene();
  const pvds = Array.from({ length: 12 }, (_, i) => explicitPvd(`${i}.example`));
  const elsewhere = explicitPvd("else.example", { interface: { name: "h1", index: 8 } });
  await scene.update(...pvds, elsewhere);
  assert.equal(scene.asked.length, 6);
  await scene.pass(9_999);
  assert.equal(scene.asked.length, 6);
  await scene.pass(1);
  assert.equal(scene.asked.length, 11);
  await scene.pass(10_000);
  assert.equal(scene.asked.length, 13);
});

test("at least ten seconds between two requests for one PvD (4.1)", async () => {
  const scene = new Scene();
  await scene.update(A);
  for (let sequence = 1; sequence <= 25; sequence++) {
    await scene.pass(1000);
    await scene.update({ ...A, sequence });
  }
  await scene.pass(20_000);
  assert.deepEqual(scene.asked, ["0 a.example", "10 a.example", "20 a.example", "30 a.example"]);
});

test("ten seconds are kept by a PvD that goes and comes, and one ID at two routers is one PvD (4.1)", async () => {
  const scene = new Scene();
  await scene.update(A, { ...A, router: "fe80::2" });
  assert.deepEqual(scene.asked, ["0 a.example"]);
  await scene.pass(5000);
  await scene.update();
  assert.equal(scene.shown(A), undefined);
  await scene.update(A);
  await scene.pass(5000);
  assert.deepEqual(scene.asked, ["0 a.example", "10 a.example"]);
});

test("results are the instance's: interface, router and ID", async () => {
  const twin = { ...A, router: "fe80::2" };
  const elsewhere = { ...A, interface: { name: "h1", index: 8 } };
  const scene = new Scene(({ router, interface: { name } }) =>
    infoOf("a.example", { "vendor-test": `${router} ${name}` })
  );
  await scene.update(A, twin, elsewhere);
  await scene.pass(10_000);
  const shown = [A, twin, elsewhere].map((pvd) => scene.shown(pvd)?.["vendor-test"]);
  assert.deepEqual(shown, ["fe80::1 h0", "fe80::2 h0", "fe80::1 h1"]);
});

test("another sequence number deprecates what there is at once, and a random time up to 2^(10+Delay) ms passes (4.1)", async () => {
  for (const [delay, random, expectedMs] of [[0, 0.5, 512], [1, 0.75, 1536], [15, 0.5, 2 ** 24]]) {
    const scene = new Scene(lasting);
    await scene.update(A);
    await scene.pass(100_000);
    const next = { ...A, sequence: 8, delay };
    scene.randoms = [random!];
    assert.equal(scene.shown(next), undefined);
    await scene.update(next);
    assert.equal(scene.shown(A), undefined);
    await scene.pass(expectedMs! - 1);
    assert.equal(scene.asked.length, 1, `${delay}`);
    await scene.pass(1);
    assert.equal(scene.asked.length, 2, `${delay}`);
    assert.notEqual(scene.shown(next), undefined);
  }
});

test("an advertisement with the same sequence number changes nothing (5.4)", async () => {
  const scene = new Scene();
  await scene.update(A);
  for (let i = 0; i < 100; i++) {
    await scene.pass(10);
    await scene.update({ ...A, delay: i % 16 });
  }
  assert.equal(scene.asked.length, 1);
  assert.notEqual(scene.shown(A), undefined);
});

test("what is on its way when the sequence number changes is not taken for the new one", async () => {
  let resolve: (info: PvdAdditionalInfo) => void = () => {};
  let signal: AbortSignal | undefined;
  const scene = new Scene((_, given) => {
    signal = given;
    return new Promise((settled) => resolve = settled);
  });
  await scene.update(A);
  const next = { ...A, sequence: 1 };
  await scene.update(next);
  assert.equal(signal?.aborted, true);
  resolve(infoOf("a.example"));
  await scene.pass(100);
  assert.equal(scene.shown(next), undefined);
  await scene.pass(10_000);
  assert.equal(scene.asked.length, 2);
  resolve(infoOf("a.example", { noInternet: true }));
  await scene.pass(0);
  assert.equal(scene.shown(next)?.noInternet, true);
});

test("it is fetched anew at a random time in the second half of its life (4.1)", async () => {
  for (
    const [random, expectedMs] of [[0, HOUR_MS / 2], [0.5, HOUR_MS * 3 / 4], [0.999, 3_598_200]]
  ) {
    const scene = new Scene();
    scene.randoms = [random!];
    await scene.update(A);
    await scene.pass(expectedMs! - 1);
    assert.equal(scene.asked.length, 1);
    scene.answer = ({ id }) => infoOf(id, { endMs: DATE_MS + 2 * HOUR_MS });
    await scene.pass(1);
    assert.equal(scene.asked.length, 2);
    await scene.pass(HOUR_MS - expectedMs! + 1000);
    assert.equal(scene.shown(A)?.expires, "2030-01-01T02:00:00.000Z");
  }
});

test("at its end it is deprecated, whether or not there is another (4.1)", async () => {
  const scene = new Scene();
  await scene.update(A);
  scene.answer = failing("ECONNREFUSED");
  await scene.pass(HOUR_MS - 1);
  assert.notEqual(scene.shown(A), undefined);
  assert.deepEqual(scene.changed, ["0 a.example"]);
  await scene.pass(1);
  assert.equal(scene.shown(A), undefined);
  assert.deepEqual(scene.changed, ["0 a.example", "3600 a.example"]);
  scene.answer = lasting;
  await scene.pass(HOUR_MS * 2);
  assert.notEqual(scene.shown(A), undefined);
});

test("its end is that of the time of day, also where the clock is set meanwhile", async () => {
  const scene = new Scene();
  await scene.update(A);
  scene.dateOffsetMs += 2 * HOUR_MS;
  assert.equal(scene.shown(A), undefined);
  await scene.pass(HOUR_MS);
  assert.equal(scene.changed.at(-1)!.endsWith("a.example"), true);
  assert.ok(scene.changed.length >= 2);
});

test("an end beyond all timers is waited for in parts", async () => {
  const scene = new Scene(({ id }) => infoOf(id, { expires: "9999-12-31T23:59:59Z" }));
  await scene.update(A);
  assert.equal(scene.nextMs, HOUR_MS);
  await scene.pass(1000 * HOUR_MS);
  assert.equal(scene.asked.length, 1);
  assert.notEqual(scene.shown(A), undefined);
});

for (
  const code of [
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "ENODATA",
    "EBADMSG",
    "EMSGSIZE",
    "ELOOP",
    "EPROTO",
  ]
) {
  test(`after ${code} the ID is not asked for again while the host stays attached (4.1)`, async () => {
    const scene = new Scene(failing(code));
    await scene.update(A);
    scene.answer = lasting;
    for (let sequence = 1; sequence <= 5; sequence++) {
      await scene.pass(100_000);
      await scene.update({ ...A, sequence });
    }
    // Nor for the same ID of another router, nor after it was gone.
    await scene.update();
    await scene.update({ ...A, router: "fe80::2", sequence: 9 }, B);
    await scene.pass(100 * HOUR_MS);
    assert.deepEqual(scene.asked.filter((line) => line.endsWith("a.example")), ["0 a.example"]);
    assert.equal(scene.keeper.failureOf({ ...A, router: "fe80::2" })?.code, code);
    assert.equal(scene.keeper.failureOf(B), null);
  });
}

test("the next attachment begins anew (4.1)", async () => {
  const scene = new Scene(failing("EBADMSG"));
  await scene.update(A);
  scene.answer = ({ id }) => infoOf(id);
  await scene.pass(100_000);
  scene.attachment = "2";
  await scene.update(A);
  assert.deepEqual(scene.asked, ["0 a.example", "100 a.example"]);
  assert.notEqual(scene.shown(A), undefined);
  // What was learnt of the network before may not be of this one.
  scene.attachment = "3";
  assert.equal(scene.shown(A), undefined);
  await scene.pass(20_000);
  await scene.update(A);
  assert.equal(scene.asked.length, 3);
});

test("a lost carrier is no way around the limits of how often", async () => {
  const scene = new Scene(failing("EBADMSG"));
  for (let i = 0; i < 30; i++) {
    scene.attachment = `${i}`;
    await scene.update(explicitPvd(`${i}.example`));
    await scene.pass(100);
  }
  assert.equal(scene.asked.length, 5);
});

test("after ten failures no ID of the network is asked for (4.1)", async () => {
  const scene = new Scene(failing("EBADMSG"));
  const bad = Array.from({ length: 15 }, (_, i) => explicitPvd(`${i}.example`));
  await scene.update(...bad);
  await scene.pass(100_000);
  assert.equal(scene.asked.length, 10);
  scene.answer = lasting;
  const elsewhere = explicitPvd("else.example", { interface: { name: "h1", index: 8 } });
  await scene.update(...bad, A, elsewhere);
  await scene.pass(100 * HOUR_MS);
  assert.deepEqual(scene.asked.slice(10).filter((line) => !line.endsWith("else.example")), []);
  assert.match(scene.keeper.failureOf(A)!.message, /^10 PvDs of h0 have failed, so none is asked/);
  assert.notEqual(scene.shown(elsewhere), undefined);
});

test("a failure of nine IDs leaves the others alone", async () => {
  const scene = new Scene(failing("EBADMSG"));
  await scene.update(...Array.from({ length: 9 }, (_, i) => explicitPvd(`${i}.example`)));
  await scene.pass(100_000);
  scene.answer = ({ id }) => infoOf(id);
  await scene.update(A);
  assert.notEqual(scene.shown(A), undefined);
});

test("what fails when it is fetched anew is gone: there is no information then (4.1)", async () => {
  const scene = new Scene();
  await scene.update(A);
  scene.answer = failing("ENODATA");
  await scene.pass(HOUR_MS / 2);
  assert.equal(scene.shown(A), undefined);
  assert.deepEqual(scene.changed, ["0 a.example", "1800 a.example"]);
  await scene.pass(100 * HOUR_MS);
  assert.equal(scene.asked.length, 2);
});

test("where the network failed and no server spoke, it is asked again, later each time", async () => {
  for (
    const code of [
      "EAI_AGAIN",
      "EAI_NONAME",
      "ETIMEDOUT",
      "ECONNREFUSED",
      "ENETUNREACH",
      "EPVDROUTE",
    ]
  ) {
    const scene = new Scene(failing(code));
    await scene.update(A);
    await scene.pass(200_000);
    const seconds = scene.asked.map((line) => Number(line.split(" ")[0]));
    assert.deepEqual(seconds, [0, 10, 30, 70, 150]);
    assert.equal(scene.keeper.failureOf(A)?.code, code);
    await scene.pass(100 * HOUR_MS);
    const gaps = scene.asked.length;
    assert.ok(gaps > 100 && gaps < 115, `${gaps}`);
    scene.answer = lasting;
    await scene.pass(HOUR_MS);
    assert.notEqual(scene.shown(A), undefined);
    assert.equal(scene.keeper.failureOf(A), null);
  }
});

test("another way there is tried before its time", async () => {
  const scene = new Scene(failing("ETIMEDOUT"));
  await scene.update(A);
  await scene.pass(160_000);
  assert.equal(scene.asked.length, 5);
  scene.answer = ({ id }) => infoOf(id);
  await scene.update({ ...A, mtu: 1400 });
  assert.equal(scene.asked.length, 5);
  await scene.update({ ...A, gateways: [] });
  assert.equal(scene.asked.length, 6);
});

test("no request before there is an address that may be used (4.1)", async () => {
  const scene = new Scene();
  const linkLocal = { ...A.addresses[0]!, address: "fe80::9" };
  await scene.update({ ...A, addresses: [linkLocal] });
  assert.equal(scene.nextMs, Infinity);
  await scene.pass(100_000);
  assert.deepEqual(scene.asked, []);
  // One has passed duplicate address detection, the temporary one has not.
  scene.settling = true;
  await scene.update(A);
  await scene.pass(1000);
  assert.deepEqual(scene.asked, []);
  scene.settling = false;
  await scene.pass(250);
  assert.equal(scene.asked.length, 1);
});

test("an address that never is ready is waited for four seconds", async () => {
  const scene = new Scene();
  scene.settling = true;
  await scene.update(A);
  await scene.pass(3999);
  assert.deepEqual(scene.asked, []);
  await scene.pass(1);
  assert.deepEqual(scene.asked, ["4 a.example"]);
});

test("information that does not cover what the router announces is not shown, and is as soon as it does (4.1, 4.4)", async () => {
  const scene = new Scene(({ id }) => infoOf(id, { prefixes: ["2001:db8:1::/48"] }));
  const foreign = { prefix: "2001:db8:2::/64" };
  const other = explicitPvd("a.example", { prefixes: [{ prefix: "2001:db8:1::/64" }, foreign] });
  await scene.update(other);
  assert.equal(scene.shown(other), undefined);
  assert.match(scene.keeper.failureOf(other)!.message, /announces 2001:db8:2::\/64/);
  assert.notEqual(scene.shown(A), undefined);
  await scene.pass(100_000);
  assert.equal(scene.asked.length, 1);
});

test("what the daemon shows is not asked for as well, unless it is not renewed", async () => {
  const scene = new Scene(lasting);
  const told = { ...A, additionalInfo: infoOf(A.id, { endMs: DATE_MS + HOUR_MS }) };
  scene.randoms = [0.5];
  await scene.update(told);
  await scene.pass(0.9 * HOUR_MS);
  assert.deepEqual(scene.asked, []);
  // The daemon has renewed it.
  await scene.update({ ...A, additionalInfo: infoOf(A.id, { endMs: DATE_MS + 2 * HOUR_MS }) });
  await scene.pass(HOUR_MS - 100_000);
  assert.deepEqual(scene.asked, []);
  // And now it has not: each asks for itself, and then keeps its own.
  await scene.pass(100_000);
  assert.deepEqual(scene.asked.length, 1);
  assert.equal(scene.shown(A)?.identifier, A.id);
});

test("when the daemon is gone it is asked for within ten seconds", async () => {
  const scene = new Scene(lasting);
  await scene.update({ ...A, additionalInfo: infoOf(A.id, { endMs: DATE_MS + HOUR_MS }) });
  scene.randoms = [0.7];
  await scene.update(A);
  await scene.pass(6999);
  assert.deepEqual(scene.asked, []);
  await scene.pass(1);
  assert.deepEqual(scene.asked, ["7 a.example"]);
});

test("of another sequence number the daemon asks first", async () => {
  const scene = new Scene(lasting);
  await scene.update({ ...A, additionalInfo: infoOf(A.id, { endMs: DATE_MS + HOUR_MS }) });
  const next = { ...A, sequence: (A.sequence ?? 0) + 1 };
  scene.randoms = [0.5];
  await scene.update(next);
  await scene.pass(1023);
  await scene.update({ ...next, additionalInfo: infoOf(A.id, { endMs: DATE_MS + HOUR_MS }) });
  await scene.pass(HOUR_MS / 2);
  assert.deepEqual(scene.asked, []);
});

test("a closed keeper asks nothing and tells nothing", async () => {
  let resolve: (info: PvdAdditionalInfo) => void = () => {};
  const scene = new Scene(() => new Promise((settled) => resolve = settled));
  await scene.update(A);
  scene.keeper.close();
  resolve(infoOf("a.example"));
  await scene.update(A, B);
  await scene.pass(HOUR_MS);
  assert.deepEqual([scene.asked.length, scene.changed.length, scene.nextMs], [1, 0, Infinity]);
});

test("what is told may update the keeper", async () => {
  const scene: Scene = new Scene(undefined, { onChange: () => scene.keeper.update([A, B]) });
  await scene.update(A);
  await scene.pass(1000);
  assert.deepEqual(scene.asked, ["0 a.example", "0 b.example"]);
});

test("a thousand PvDs of a hostile link cost five requests in ten seconds and no time", async () => {
  const scene = new Scene(failing("ECONNREFUSED"));
  const pvds = Array.from({ length: 1000 }, (_, i) => explicitPvd(`${i}.example`));
  const startMs = performance.now();
  for (let i = 0; i < 20; i++) {
    await scene.update(...pvds.map((pvd) => ({ ...pvd, sequence: i })));
    await scene.pass(50);
  }
  assert.equal(scene.asked.length, 5);
  assert.ok(performance.now() - startMs < 20_000);
});
