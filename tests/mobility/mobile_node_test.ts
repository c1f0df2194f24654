/** A mobile node and a correspondent on one host, by real sockets: all three addresses are loopback's. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  Correspondent,
  MobileNode,
  type MobilitySocket,
  mobilitySocket,
} from "../../lib/mobility/mod.ts";
import { labSkip } from "../lab/mod.ts";
import { commandOutput, waitFor } from "../lab/command.ts";

const CORRESPONDENT = "2001:db8:8888::1";
const CARE_OF = "2001:db8:7777::1";
const CARE_OF_TOO = "2001:db8:6666::1";
const HOME = "2001:db8:9999::1";
const ADDRESSES = [CORRESPONDENT, CARE_OF, CARE_OF_TOO, HOME];
const skip = labSkip();
const patience = { timeoutMs: 60_000 };

const ip = (action: string) => {
  for (const address of ADDRESSES) {
    commandOutput(["ip", "addr", action, `${address}/128`, "dev", "lo"]);
  }
};
before(() => skip === false && ip("add"));
after(() => skip === false && ip("del"));

/** Both ends with a clock that does not go by itself. */
class Ends implements AsyncDisposable {
  nowMs = 0;
  readonly correspondent = new Correspondent({ clock: () => this.nowMs });
  readonly node: MobileNode;
  readonly #sockets: MobilitySocket[] = [];
  readonly #ended = new AbortController();
  readonly #serving: Promise<unknown>[] = [];
  /** Types of what the correspondent was sent. */
  readonly heard: string[] = [];

  constructor(options: { sequence?: number; homeSocket?: boolean; serves?: boolean } = {}) {
    const open = () => {
      const opened = mobilitySocket({ wire: true });
      this.#sockets.push(opened);
      return opened;
    };
    this.node = new MobileNode({
      socket: open(),
      homeSocket: options.homeSocket ? open() : undefined,
      homeAddress: HOME,
      careOfAddress: CARE_OF,
      correspondent: CORRESPONDENT,
      clock: () => this.nowMs,
      sequence: options.sequence,
    });
    this.#serving.push(this.#listen(this.bound()));
    if (options.serves !== false) this.serve();
  }

  bound(): MobilitySocket {
    const opened = mobilitySocket({ wire: true });
    this.#sockets.push(opened);
    opened.bind({ address: CORRESPONDENT });
    return opened;
  }

  serve(socket = this.bound()): void {
    const { signal } = this.#ended;
    this.#serving.push(this.correspondent.serve(socket, { signal }));
  }

  async #listen(socket: MobilitySocket): Promise<void> {
    for await (const { message } of socket) this.heard.push(message?.type ?? "unread");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    for (const socket of this.#sockets) socket.close();
    await Promise.all(this.#serving);
  }
}

describe("a mobile node and a correspondent", { skip }, () => {
  for (const homeSocket of [false, true]) {
    test(`bind, move, come home: by ${homeSocket ? "two sockets" : "one socket"}`, async () => {
      await using ends = new Ends({ homeSocket, sequence: 65_534 });
      const { node, correspondent } = ends;
      const bound = await node.register(patience);
      assert.deepEqual(bound, {
        accepted: true,
        status: 0,
        statusName: "Binding Update accepted",
        lifetimeSeconds: 420,
        sequence: 65_535,
      });
      const binding = { homeAddress: HOME, careOfAddress: CARE_OF, sequence: 65_535 };
      assert.deepEqual(correspondent.bindings, [{ ...binding, lifetimeSeconds: 420 }]);

      node.careOfAddress = CARE_OF_TOO;
      const moved = await node.register({ ...patience, lifetimeSeconds: 100 });
      assert.deepEqual([moved.sequence, moved.lifetimeSeconds], [0, 100]);
      assert.equal(correspondent.bindings[0]!.careOfAddress, CARE_OF_TOO);

      node.careOfAddress = HOME;
      const deleted = await node.register(patience);
      assert.deepEqual([deleted.accepted, deleted.lifetimeSeconds], [true, 0]);
      assert.deepEqual(correspondent.bindings, []);

      node.careOfAddress = CARE_OF;
      await node.register(patience);
      await node.deregister(patience);
      assert.deepEqual(correspondent.bindings, []);
    });
  }

  test("tests an address again only when its token is too old", async () => {
    await using ends = new Ends();
    const count = (type: string) => ends.heard.filter((heard) => heard === type).length;
    await ends.node.register(patience);
    ends.nowMs += 209_000;
    await ends.node.register(patience);
    await waitFor("two Binding Updates", () => count("BU") === 2);
    assert.deepEqual([count("HoTI"), count("CoTI")], [1, 1]);
    ends.nowMs += 1000;
    await ends.node.register(patience);
    await waitFor("another test", () => count("HoTI") === 2 && count("CoTI") === 2);
    ends.node.careOfAddress = CARE_OF_TOO;
    await ends.node.register(patience);
    await waitFor("a test of the new address", () => count("CoTI") === 3);
    assert.equal(count("HoTI"), 2);
  });

  test("learns where its sequence number is", async () => {
    await using ends = new Ends({ sequence: 100 });
    await ends.node.register(patience);
    using socket = mobilitySocket({ wire: true });
    const addresses = { homeAddress: HOME, careOfAddress: CARE_OF, correspondent: CORRESPONDENT };
    const restarted = new MobileNode({ socket, ...addresses, sequence: 50 });
    const { accepted, sequence } = await restarted.register(patience);
    assert.deepEqual([accepted, sequence], [true, 102]);
  });

  test("begins again where the correspondent has forgotten its nonces", async () => {
    await using ends = new Ends();
    using socket = mobilitySocket({ wire: true });
    const addresses = { homeAddress: HOME, careOfAddress: CARE_OF, correspondent: CORRESPONDENT };
    // Its clock stands, so that its tokens seem to be of use.
    const node = new MobileNode({ socket, ...addresses, clock: () => 0 });
    assert.equal((await node.register(patience)).accepted, true);
    ends.nowMs += 300_000;
    assert.equal((await node.register(patience)).accepted, true);
    const wanted = "HoTI CoTI BU BU HoTI CoTI BU".split(" ").sort();
    await waitFor("the second test", () => ends.heard.length === wanted.length);
    assert.deepEqual(ends.heard.toSorted(), wanted);
  });

  test("says it again as long as nobody answers", async () => {
    await using ends = new Ends({ serves: false });
    // Keeps what it hears until it is served: the third time would be two seconds later.
    const socket = ends.bound();
    const registered = ends.node.register(patience);
    await waitFor("two Home Test Inits", () => {
      return ends.heard.filter((type) => type === "HoTI").length >= 2;
    });
    ends.serve(socket);
    assert.equal((await registered).accepted, true);
  });

  test("gives up by time and by signal", async () => {
    await using ends = new Ends({ serves: false });
    await assert.rejects(ends.node.register({ timeoutMs: 50 }), {
      code: "ETIMEDOUT",
      message: /2001:db8:8888::1 did not answer/,
    });
    const controller = new AbortController();
    const registered = ends.node.register({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await assert.rejects(registered, /enough/);
    // And is as good as before.
    ends.serve();
    assert.equal((await ends.node.register(patience)).accepted, true);
  });

  test("fails with what sending fails with", async () => {
    using socket = mobilitySocket();
    const node = new MobileNode({
      socket,
      homeAddress: "2001:db8:5555::1",
      careOfAddress: CARE_OF,
      correspondent: CORRESPONDENT,
    });
    await assert.rejects(node.register(patience), { syscall: "sendmsg" });
  });

  test("takes no acknowledgement that is not the correspondent's", async () => {
    await using ends = new Ends({ serves: false });
    const { correspondent } = ends;
    const socket = ends.bound();
    const registered = ends.node.register(patience);
    let forged = 0;
    for await (const received of socket) {
      const answer = await correspondent.answer(received);
      if (received.message?.type === "BU") {
        const { sequence } = received.message;
        const authenticator = new Uint8Array(12);
        const way = { to: HOME, careOfAddress: CARE_OF, from: CORRESPONDENT };
        const refusal = { type: "BA", status: 129, sequence, lifetimeSeconds: 0 } as const;
        const option = { name: "binding-authorization-data", authenticator } as const;
        await socket.send(refusal, way);
        await socket.send({ ...refusal, options: [option] }, way);
        forged += 2;
      }
      if (answer) await socket.send(answer.message, answer.options);
      if (forged > 0) break;
    }
    const { status } = await registered;
    assert.equal(status, 0);
  });

  test("arguments are checked", () => {
    using socket = mobilitySocket();
    const addresses = { homeAddress: HOME, careOfAddress: CARE_OF, correspondent: CORRESPONDENT };
    for (const name of ["homeAddress", "careOfAddress", "correspondent"]) {
      assert.throws(() => new MobileNode({ socket, ...addresses, [name]: "192.0.2.1" }), TypeError);
    }
    assert.throws(() => new MobileNode({ socket, ...addresses, sequence: 65_536 }), RangeError);
  });
});
