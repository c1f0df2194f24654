// What is a change of a host's PvDs and what is none, and that events lead from each set to the next.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { differences, knownPvds, type PvdEvent } from "../../lib/watch/difference.ts";
import type { PvdInfo } from "../../mod.ts";
import { fuzzed } from "../fuzz.ts";
import { GONE } from "../pvd/no_pvds.ts";

const ROUTE = { destination: "::/0", gateway: "fe80::1" };

function pvd(id: string, index: number, changes: Partial<PvdInfo> = {}): PvdInfo {
  return {
    ...GONE,
    id,
    handle: index * 0x100_0000 + id.length,
    interface: { name: `h${index}`, index },
    routes: [],
    ...changes,
  };
}

/** "added a, default a" of the events from one list to another. */
function told(before: PvdInfo[] | null, after: PvdInfo[]): string {
  return differences(before && knownPvds(before), knownPvds(after))
    .map(({ type, pvd }) => `${type} ${pvd?.id ?? "none"}`).join(", ");
}

const A = pvd("a", 1, { routes: [ROUTE] });
const B = pvd("b", 2, { routes: [ROUTE] });
const C = pvd("c", 3);

test("the current set comes first, best first, and the default ends it, also where there is none", () => {
  assert.equal(told(null, [A, B, C]), "added a, added b, added c, default a");
  assert.equal(told(null, [C]), "added c, default none");
  assert.equal(told(null, []), "default none");
});

test("what is gone comes before what came and changed, and the default last", () => {
  const changed = { ...C, mtu: 1280 };
  assert.equal(told([A, C], [B, changed]), "removed a, added b, changed c, default b");
  assert.equal(told([A, B], [B]), "removed a, default b");
  assert.equal(told([A], []), "removed a, default none");
});

test("another order is no change but of the default, and the same set is none", () => {
  assert.equal(told([A, B], [B, A]), "default b");
  assert.equal(told([A, B, C], [A, B, C]), "");
});

test("a default that changes stays the default", () => {
  assert.equal(told([A], [{ ...A, searchDomains: ["one.example"] }]), "changed a");
  // An on-link default route is one too.
  const ppp = pvd("ppp0", 4, { routes: [{ destination: "0.0.0.0/0", gateway: null }] });
  assert.equal(told([C], [C, ppp]), "added ppp0, default ppp0");
  assert.equal(told([ppp], [{ ...ppp, routes: [] }]), "changed ppp0, default none");
});

const withValid = (validSeconds: number | null): PvdInfo => ({
  ...A,
  addresses: [{ ...A.addresses[0]!, validSeconds }],
});

const announcing = (lifetime: number | null, extra: Partial<PvdInfo> = {}): PvdInfo => ({
  ...A,
  advertisement: {
    routerLifetimeSeconds: lifetime ?? 1,
    preference: "medium",
    hopLimit: 64,
    managed: false,
    other: false,
    homeAgent: false,
    prefixes: [{
      prefix: "2001:db8:1::/64",
      onLink: true,
      autonomous: true,
      validSeconds: lifetime,
      preferredSeconds: lifetime,
    }],
    routes: [],
    dnsServers: [{ address: "2001:db8::53", lifetimeSeconds: lifetime }],
    searchDomains: [],
  },
  ...extra,
});

test("seconds that count down or begin anew are no change; that they end, or have no end, is one", () => {
  assert.equal(told([withValid(1800)], [withValid(1799)]), "");
  assert.equal(told([withValid(3)], [withValid(86400)]), "");
  // In its last second the kernel still has it.
  assert.equal(told([withValid(1)], [withValid(0)]), "");
  assert.equal(told([withValid(1800)], [withValid(null)]), "changed a");
  assert.equal(told([announcing(1800)], [announcing(17)]), "");
  assert.equal(told([announcing(17)], [announcing(1800)]), "");
  assert.equal(told([announcing(17)], [announcing(0)]), "changed a");
  assert.equal(told([announcing(17)], [announcing(null)]), "changed a");
});

test("who heard it, this process or the daemon, is no change; another source is one", () => {
  const server = { address: "2001:db8::53", port: 53 };
  const by = (source: string): PvdInfo => ({ ...A, dnsServers: [{ ...server, source }] });
  assert.equal(told([by("router-advertisement")], [by("mif-daemon")]), "");
  assert.equal(told([by("systemd-networkd")], [by("mif-daemon")]), "changed a");
  const attributed = (attribution: PvdInfo["attribution"]): PvdInfo => ({ ...A, attribution });
  assert.equal(told([attributed("router-advertisement")], [attributed("mif-daemon")]), "");
  assert.equal(told([attributed("unknown")], [attributed("mif-daemon")]), "changed a");
});

test("instances are told apart by interface, router, kind and ID", () => {
  const other = pvd("a", 1, { router: "fe80::2" });
  assert.equal(told([pvd("a", 1)], [other]), "removed a, added a");
  assert.equal(told([pvd("a", 1)], [pvd("a", 1, { kind: "explicit" })]), "removed a, added a");
  assert.equal(told([pvd("a", 1)], [pvd("a", 2)]), "removed a, added a");
});

/** What somebody knows who applied all events. */
function applied(events: PvdEvent[]): { set: Map<string, PvdInfo>; first: string | null } {
  const set = new Map<string, PvdInfo>();
  let first: string | null = null;
  for (const { type, pvd } of events) {
    if (type === "default") first = pvd?.id ?? null;
    else if (type === "removed") assert.ok(set.delete(pvd!.id), "removed what was not there");
    else {
      assert.equal(set.has(pvd!.id), type === "changed");
      set.set(pvd!.id, pvd!);
    }
  }
  return { set, first };
}

test("from each set to the next, whatever they are", () => {
  const one = fc.record({
    id: fc.constantFrom("a", "b", "c", "d", "e"),
    mtu: fc.constantFrom(1280, 1500),
    isDefault: fc.boolean(),
  });
  const list = fc.uniqueArray(one, { selector: ({ id }) => id });
  fc.assert(
    fc.property(fc.array(list, { minLength: 1, maxLength: 6 }), (lists) => {
      const sets = lists.map((some) =>
        some.map(({ id, mtu, isDefault }) => pvd(id, 1, { mtu, routes: isDefault ? [ROUTE] : [] }))
      );
      const events: PvdEvent[] = [];
      let before: ReturnType<typeof knownPvds> | null = null;
      for (const set of sets) {
        const after = knownPvds(set);
        events.push(...differences(before, after));
        before = after;
      }
      const { set, first } = applied(events);
      const last = sets.at(-1)!;
      assert.deepEqual([...set.keys()].sort(), last.map(({ id }) => id).sort());
      for (const pvd of last) assert.deepEqual(set.get(pvd.id), pvd);
      assert.equal(first, last.find(({ routes }) => routes.length > 0)?.id ?? null);
    }),
    fuzzed,
  );
});
