import assert from "node:assert/strict";
import { test } from "node:test";
import { MifError } from "../../mod.ts";
import { formatAddress, parseAddress } from "../../lib/ip/address.ts";
import { type AddressAnswer, lookupHost, type NameScope } from "../../lib/names/host_lookup.ts";
import { HostsFile } from "../../lib/names/hosts_file.ts";

const bytes = (address: string) => parseAddress(address)!.bytes;

/** What the servers say of "name 4" and "name 6": addresses, an alias and addresses, a status, or an error. */
type Zone = Record<string, string[] | AddressAnswer["status"] | Error>;

/** A scope with these servers; `asked` is filled with the questions. */
function scopeOf(zone: Zone, changes: Partial<NameScope> = {}): NameScope & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    where: "on PvD test",
    hosts: new HostsFile("192.0.2.1 file.example file\n"),
    ownName: "me",
    ownAddresses: () => [bytes("2001:db8::1"), bytes("192.0.2.9")],
    search: () => ({ domains: ["one.example", "two.example"], ndots: 1, singleLabel: false }),
    query(name, family): Promise<AddressAnswer> {
      asked.push(`${name} ${family}`);
      const said = zone[`${name} ${family}`] ?? zone[name] ?? "nxdomain";
      if (said instanceof Error) return Promise.reject(said);
      const list = typeof said === "string" ? [] : said;
      return Promise.resolve({
        status: typeof said === "string" ? said : "found",
        canonicalName: name,
        addresses: list.map(bytes).filter(({ length }) => length === (family === 4 ? 4 : 16)),
      });
    },
    ...changes,
  };
}

const again = new MifError("no answer", { code: "EAI_AGAIN", syscall: "getaddrinfo" });
const lost = new MifError("gone", { code: "ENONET", syscall: "setsockopt" });

async function found(name: string, scope: NameScope, families: (4 | 6)[] = [6, 4]) {
  const { canonicalName, addresses } = await lookupHost(name, families, scope);
  return [canonicalName, ...addresses.map(formatAddress)];
}

const fails = (name: string, scope: NameScope, code: string, message?: RegExp) =>
  assert.rejects(lookupHost(name, [6, 4], scope), { code, ...(message ? { message } : {}) });

test("nobody is asked for loopback, the hosts file and the own name", async () => {
  const scope = scopeOf({});
  assert.deepEqual(await found("localhost", scope), ["localhost", "::1", "127.0.0.1"]);
  assert.deepEqual(await found("a.LOCALHOST.", scope, [4]), ["a.LOCALHOST", "127.0.0.1"]);
  assert.deepEqual(await found("FILE", scope), ["file.example", "192.0.2.1"]);
  assert.deepEqual(await found("ME", scope), ["me", "2001:db8::1", "192.0.2.9"]);
  await fails("me", scopeOf({}, { ownAddresses: () => [] }), "EAI_NODATA");
  assert.deepEqual(scope.asked, []);
});

test("the hosts file cannot move localhost", async () => {
  const scope = scopeOf({}, { hosts: new HostsFile("192.0.2.66 localhost evil.localhost\n") });
  assert.deepEqual(await found("evil.localhost", scope, [4]), ["evil.localhost", "127.0.0.1"]);
});

test("a name that the file has for the other family is asked for", async () => {
  const scope = scopeOf({ "file.example": ["2001:db8::2", "192.0.2.77"] });
  assert.deepEqual(await found("file.example", scope, [6]), ["file.example", "2001:db8::2"]);
  assert.deepEqual(scope.asked, ["file.example 6"]);
});

test("the name of a hosts file may be one that no query can carry", async () => {
  const scope = scopeOf({}, { hosts: new HostsFile("192.0.2.1 a..b bücher.example\n") });
  assert.deepEqual(await found("a..b", scope), ["a..b", "192.0.2.1"]);
  assert.deepEqual(await found("bücher.example", scope), ["a..b", "192.0.2.1"]);
  await fails("a..c", scope, "EAI_NONAME", /no host name/);
});

test("no network is asked for names that are in no DNS, nor for what completes them", async () => {
  const scope = scopeOf({});
  for (const name of ["x.invalid", "abc.onion", "abc.ONION.", "x.alt", "printer.local", "local"]) {
    await fails(name, scope, "EAI_NONAME");
  }
  assert.deepEqual(scope.asked, []);
});

test("names below local are asked for where the PvD has a search domain there", async () => {
  const search = () => ({ domains: ["corp.local", "onion"], ndots: 1, singleLabel: false });
  const scope = scopeOf({ "printer.corp.local": ["192.0.2.5"] }, { search });
  assert.deepEqual(await found("printer.corp.local", scope), ["printer.corp.local", "192.0.2.5"]);
  assert.deepEqual(await found("printer", scope), ["printer.corp.local", "192.0.2.5"]);
  await fails("printer.other.local", scope, "EAI_NONAME", /multicast/);
  assert.ok(!scope.asked.some((name) => name.includes("onion") || name.includes("other")));
});

test("the search list, until one is found", async () => {
  const scope = scopeOf({ "www.two.example": ["192.0.2.2"] });
  assert.deepEqual(await found("www", scope), ["www.two.example", "192.0.2.2"]);
  assert.deepEqual(scope.asked, [
    "www.one.example 6",
    "www.one.example 4",
    "www.two.example 6",
    "www.two.example 4",
  ]);
  await fails("none", scope, "EAI_NONAME", /one label .* no search domain has it; write "none\."/);
  const without = scopeOf({}, {
    search: () => ({ domains: [], ndots: 1, singleLabel: false }),
  });
  await fails("www", without, "EAI_NONAME", /there is no search domain/);
  assert.deepEqual(without.asked, []);
});

test("a name without such an address is told from no name", async () => {
  const scope = scopeOf({
    "text.one.example": "nodata",
    "a.b": "nodata",
    "c.d.one.example": "nodata",
  });
  await fails("text", scope, "EAI_NODATA");
  await fails("a.b", scope, "EAI_NODATA");
  // As it was given it does not exist: that is the answer, as in glibc.
  await fails("c.d", scope, "EAI_NONAME");
});

test("that one family fails does not lose the other", async () => {
  const scope = scopeOf({
    "a.b 6": again,
    "a.b 4": ["192.0.2.1"],
    "c.d 6": ["2001:db8::1"],
    "c.d 4": lost,
    "e.f 6": again,
    "e.f 4": "nodata",
    "g.h 6": again,
    "g.h 4": lost,
  });
  assert.deepEqual(await found("a.b", scope), ["a.b", "192.0.2.1"]);
  assert.deepEqual(await found("c.d", scope), ["c.d", "2001:db8::1"]);
  await fails("e.f", scope, "EAI_AGAIN");
  await fails("g.h", scope, "ENONET");
});

test("a failure ends the search: the name might have been there", async () => {
  const scope = scopeOf({ "www.one.example": again, "www.two.example": ["192.0.2.66"] });
  await fails("www", scope, "EAI_AGAIN");
  assert.ok(!scope.asked.some((name) => name.includes("two")));
});
