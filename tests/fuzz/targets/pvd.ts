/**
 * What is remembered of routers, and the state in which the daemon passes it on: a file and a socket of another process.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseRouterAdvertisement } from "../../../lib/ndp/router_advertisement.ts";
import { AdvertisementMemory } from "../../../lib/pvd/advertisement_memory.ts";
import {
  decodeSign,
  decodeState,
  encodeSign,
  encodeState,
  StateError,
} from "../../../lib/pvd/daemon_state.ts";
import { pvdOption, routerAdvertisement } from "../../lab/mod.ts";
import { arrival, everything } from "./ndp.ts";
import { bytesOf, type FuzzTarget, textOf } from "../target.ts";

const NOW_MS = 100_000;
const ROUTER = "fe80::ff:fe00:101";

/** A memory that has heard one message. */
function memoryOf(message: Uint8Array): AdvertisementMemory {
  const memory = new AdvertisementMemory();
  const advertisement = parseRouterAdvertisement(message, arrival);
  if (advertisement !== null) memory.hearAdvertisement(3, ROUTER, advertisement, 1000);
  return memory;
}

function stateOf(message: Uint8Array): string {
  return encodeState({
    instance: "0123456789abcdef0123456789abcdef",
    pid: 77,
    network: "4026531840",
    writtenMs: NOW_MS,
    attachments: new Map([[3, "3 1"]]),
    words: memoryOf(message).words(NOW_MS),
    infos: [{
      ...{ interface: 3, router: ROUTER, id: "pvd.example", sequence: 7 },
      info: {
        identifier: "pvd.example",
        expires: "2030-05-23T06:00:00Z",
        prefixes: ["2001:db8:5::/64"],
      },
    }],
  });
}

const explicit = {
  ...everything,
  options: [pvdOption({ id: "pvd.example", sequence: 7, http: true, delay: 3 })],
};

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "daemon-state",
    seeds: () =>
      bytesOf(
        ...[routerAdvertisement(everything), routerAdvertisement(explicit)].map(stateOf),
        encodeSign(NOW_MS),
      ),
    read: (bytes) => {
      const sign = decodeSign(textOf(bytes));
      if (sign !== null) return sign;
      const said = decodeState(textOf(bytes));
      const memory = new AdvertisementMemory();
      memory.learn(said.words);
      // What is passed on is read again as it was learnt.
      const again = decodeState(encodeState({ ...said, words: memory.words(said.writtenMs) }));
      assert.ok(again.words.options.length <= said.words.options.length);
      assert.ok(again.words.headers.length <= said.words.headers.length);
      assert.ok(again.infos.length <= said.infos.length);
      return [said, memory.current(said.writtenMs), memory.pvds(said.writtenMs)];
    },
    refuses: (error) => error instanceof StateError,
    words: [
      ...["null", "true", "{", "}", "[", "]", ",", '"', "-1", "1e99", "0", '"__proto__":'],
      ...['"heardMs":', '"nested":', '"option":', '"router":', '"fe80::1%x"', '"pvd":'],
    ],
    growth: 200,
  },
  {
    name: "advertisement-memory",
    seeds: () => [everything, explicit].map((init) => routerAdvertisement(init)),
    read: (bytes) => {
      const memory = memoryOf(bytes);
      for (const nowMs of [1000, 1001, 1_801_000, 2 ** 40]) {
        const current = memory.current(nowMs);
        assert.ok(current.every(({ expiresMs }) => expiresMs > nowMs));
        assert.ok(current.length <= bytes.length / 8);
      }
      return [memory.current(1000), memory.pvds(1000)];
    },
    growth: 64,
  },
];
