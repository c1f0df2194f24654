import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  AI_CANONNAME,
  AI_NUMERICHOST,
  getaddrinfo,
  MifError,
  type PvdInfo,
  setprocpvd,
} from "../../mod.ts";
import { parseAddress } from "../../lib/ip/address.ts";
import { fuzzed } from "../fuzz.ts";

/** A PvD that is not there: what needs no network must not notice. */
const PVD: PvdInfo = {
  handle: 0x0f_0000_01,
  id: "fe80::1%nosuch",
  kind: "implicit",
  interface: { name: "nosuch", index: 4711 },
  router: "fe80::1",
  attribution: "sole-router",
  addresses: [{
    address: "2001:db8::2",
    prefixLength: 64,
    family: 6,
    deprecated: false,
    temporary: false,
    validSeconds: null,
  }],
  gateways: [{ address: "fe80::1", family: 6 }],
  dnsServers: [{ address: "2001:db8::1", port: 53, source: "test" }],
  searchDomains: ["one.example"],
  routes: [{ destination: "::/0", gateway: "fe80::1" }],
  mtu: 1500,
  ai_addr: null,
  gateway_addr: null,
  dns_addr: null,
};

const addresses = async (...args: Parameters<typeof getaddrinfo>) =>
  (await getaddrinfo(...args)).map(({ ai_addr }) => ai_addr);

test("arguments of the wrong type", async () => {
  const call = getaddrinfo as (...args: unknown[]) => Promise<unknown>;
  for (
    const args of [
      ...[[1, null, null, null], [null, 80, null, null], [undefined, "80", null, null]],
      ...[["a", "1", { ai_family: "6" }, null], ["a", "1", { ai_flags: 1.5 }, null]],
      ...[["a", "1", null, {}], ["a", "1", null, "eth0"], ["a", "1", {}, 7]],
    ]
  ) await assert.rejects(call(...args), TypeError, JSON.stringify(args));
  for (const family of [NaN, Infinity, 2 ** 40]) {
    await assert.rejects(getaddrinfo(null, "1", { ai_family: family }, null));
  }
  await assert.rejects(getaddrinfo(null, "1", { ai_flags: 2 ** 32 }, null), {
    code: "EAI_BADFLAGS",
  });
});

test("what no C string can hold", async () => {
  for (const name of ["a\0b.example", "127.0.0.1\0", "\0", "localhost\0.example", "::1%\0"]) {
    await assert.rejects(getaddrinfo(name, "1", null, PVD), { code: "EAI_NONAME" }, name);
  }
  for (const service of ["80\0", "\0", "http\0"]) {
    await assert.rejects(getaddrinfo("::1", service, {}, PVD), { code: "EAI_SERVICE" }, service);
  }
});

test("an aborted call asks nobody", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(getaddrinfo("www.example", null, null, PVD, { signal }), /enough/);
});

test("numeric hosts and localhost on a PvD that is gone", async () => {
  const hints = { ai_socktype: 1 };
  assert.deepEqual(await addresses("192.0.2.1", "80", hints, PVD), [
    { family: 4, address: "192.0.2.1", port: 80, scopeId: 0 },
  ]);
  assert.deepEqual(await addresses("fe80::9", "80", hints, PVD), [
    { family: 6, address: "fe80::9", port: 80, scopeId: 4711 },
  ]);
  assert.deepEqual(await addresses("fe80::9%3", "80", hints, PVD), [
    { family: 6, address: "fe80::9", port: 80, scopeId: 3 },
  ]);
  assert.ok((await addresses("localhost", "80", hints, PVD)).length === 2);
  // The family that it has no address of is left out.
  const local = await addresses("localhost", "80", null, PVD);
  assert.deepEqual(new Set(local.map(({ address }) => address)), new Set(["::1"]));
  await assert.rejects(getaddrinfo("192.0.2.1", "80", null, PVD), { code: "EAI_ADDRFAMILY" });
  await assert.rejects(getaddrinfo("www.example", "80", hints, PVD), { code: "ENONET" });
});

test("the canonical name of a numeric host is the text", async () => {
  const hints = { ai_flags: AI_CANONNAME | AI_NUMERICHOST };
  const names = (await getaddrinfo("0x7f.1", "80", hints, null)).map((info) => info.ai_canonname);
  assert.deepEqual(names, ["0x7f.1", null, null].slice(0, names.length));
});

test("the process' default PvD is that of a call that names none", async () => {
  try {
    setprocpvd(PVD);
    const [address] = await addresses("fe80::9", "80", { ai_socktype: 1 }, null);
    assert.equal(address?.scopeId, 4711);
    await assert.rejects(getaddrinfo("www.example", "80", {}, null), { code: "ENONET" });
    setprocpvd("none");
    await assert.rejects(getaddrinfo("www.example", "80", {}, null), { code: "ENETUNREACH" });
    assert.equal((await addresses("localhost", "80", { ai_socktype: 1 }, null)).length, 2);
    assert.equal((await addresses("192.0.2.1", "80", { ai_socktype: 1 }, null)).length, 1);
    assert.equal((await addresses(null, "80", { ai_socktype: 1 }, null)).length, 2);
  } finally {
    setprocpvd(null);
  }
});

test("whatever is asked, the answer is a list or an error of ours", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.constantFrom("localhost", "127.1", "::1", "fe80::1%lo", "80", "http", "*", "", ".", "a.b"),
  );
  const names = fc.option(text, { nil: null });
  const hints = fc.option(
    fc.record({
      ai_flags: fc.oneof(fc.integer(), fc.nat(0x7ff)),
      ai_family: fc.oneof(fc.integer(), fc.constantFrom(0, 2, 10)),
      ai_socktype: fc.oneof(fc.integer(), fc.nat(6)),
      ai_protocol: fc.oneof(fc.integer(), fc.constantFrom(0, 6, 17, 132)),
    }, { requiredKeys: [] }),
    { nil: null },
  );
  await fc.assert(
    fc.asyncProperty(names, names, hints, async (hostname, service, hints) => {
      try {
        for (const { ai_addr, ai_family } of await getaddrinfo(hostname, service, hints, PVD)) {
          assert.equal(ai_family, ai_addr.family === 4 ? 2 : 10);
          assert.ok(parseAddress(ai_addr.address));
        }
      } catch (error) {
        assert.ok(error instanceof MifError, String(error));
        assert.match(error.code, /^(EAI_[A-Z]+|ENONET)$/);
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(error.message, /[\0-\x1f]/);
      }
    }),
    fuzzed,
  );
});
