// What the page does without a browser: how a picture is laid out, what is told of a change, and that its script is whole.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { pageHtml } from "../../cli/ui/page.ts";
import { arrange, defaultPvd } from "../../cli/ui/page/arrange.ts";
import { differences } from "../../cli/ui/page/differences.ts";
import { pageScript } from "../../cli/ui/page/script.ts";
import { wirePath } from "../../cli/ui/page/wires.ts";
import { duration, reasonOf, remedyOf } from "../../cli/ui/page/words.ts";
import { pictureInterface, pictureOf, picturePvd } from "./pictures.ts";

const H0 = pictureInterface("h0", 2);
const H1 = pictureInterface("h1", 3);
const ROUTER = "fe80::1";
const OTHER_ROUTER = "fe80::2";

describe("bands", () => {
  /** Of each band its interface, and of each group its routers and PvDs. */
  const outline = (...given: Parameters<typeof pictureOf>) => {
    const { bands, idle } = arrange(pictureOf(...given));
    return {
      bands: bands.map((band) => [
        band.interface.name,
        band.groups.map(({ routers, pvds }) => [
          routers.map(({ address, pvds }) => [address, ...pvds]),
          pvds.map(({ pvd }) => pvd.handle),
        ]),
      ]),
      idle: idle.map(({ name }) => name),
    };
  };

  test("one for each interface with a PvD, in the order of the best PvDs", () => {
    const pvds = [picturePvd(1, H1), picturePvd(2, H0, { router: ROUTER }), picturePvd(3, H1)];
    const idle = pictureInterface("h2", 4, { pvds: 0 });
    // Its PvDs are left out.
    const elsewhere = pictureInterface("h3", 5);
    assert.deepEqual(outline([H0, H1, idle, elsewhere], pvds), {
      bands: [
        ["h1", [[[], [1]], [[], [3]]]],
        ["h0", [[[[ROUTER, 2]], [2]]]],
      ],
      idle: ["h2"],
    });
  });

  test("PvDs of one router stand together, and those that are joined by a third", () => {
    const gateways = (...addresses: string[]) => ({
      gateways: addresses.map((address) => ({ address, family: 6 as const })),
    });
    const pvds = [
      picturePvd(1, H0, { router: ROUTER }),
      picturePvd(2, H0, { router: OTHER_ROUTER }),
      picturePvd(3, H0, { router: ROUTER, id: "pvd.example", kind: "explicit" }),
      picturePvd(4, H0, gateways("fe80::3")),
      picturePvd(5, H0, gateways("fe80::3", OTHER_ROUTER)),
    ];
    assert.deepEqual(outline([H0], pvds).bands, [["h0", [
      [[[ROUTER, 1, 3]], [1, 3]],
      [[["fe80::3", 4, 5], [OTHER_ROUTER, 2, 5]], [2, 4, 5]],
    ]]]);
  });

  test("the same address on two links is two routers", () => {
    const pvds = [picturePvd(1, H0, { router: ROUTER }), picturePvd(2, H1, { router: ROUTER })];
    const keys = arrange(pictureOf([H0, H1], pvds)).bands.flatMap(({ groups }) =>
      groups.flatMap(({ routers }) => routers.map(({ key }) => key))
    );
    assert.equal(new Set(keys).size, 2);
  });

  test("an interface that went between two looks still has its band", () => {
    assert.deepEqual(outline([], [picturePvd(1, H0)]).bands, [["h0", [[[], [1]]]]]);
  });

  test("the default is the best PvD with a default route", () => {
    assert.equal(defaultPvd(pictureOf([H0], [picturePvd(1, H0)])), null);
    const pvds = [picturePvd(1, H0), picturePvd(2, H0, { router: ROUTER }), picturePvd(3, H1)];
    assert.equal(defaultPvd(pictureOf([H0], pvds)), 2);
  });
});

describe("differences", () => {
  const told = (before: Parameters<typeof pictureOf>, after: Parameters<typeof pictureOf>) =>
    differences(pictureOf(...before), pictureOf(...after))
      .map(({ kind, subject, text }) => `${kind} ${subject}: ${text}`);
  const pvd = picturePvd(1, H0, { router: ROUTER });
  const id = pvd.pvd.id;

  test("none between equals, also when seconds have passed", () => {
    const later = structuredClone(pvd);
    later.pvd.addresses[0]!.validSeconds = 1799;
    assert.deepEqual(told([[H0], [pvd]], [[H0], [later]]), []);
  });

  test("interfaces and PvDs that come and go", () => {
    assert.deepEqual(told([[H0], [pvd]], [[H1], [picturePvd(2, H1)]]), [
      "added h1: the interface is there",
      "removed h0: the interface is gone",
      "added h1: the PvD is there",
      `removed ${id}: the PvD is gone`,
    ]);
    const without = pictureInterface("h0", 2, { carrier: false });
    const down = pictureInterface("h0", 2, { up: false });
    assert.deepEqual(told([[H0], []], [[without], []]), ["changed h0: has no carrier"]);
    assert.deepEqual(told([[without], []], [[down], []]), ["changed h0: is down"]);
  });

  test("what a PvD has", () => {
    const other = picturePvd(1, H0, {
      router: ROUTER,
      addresses: [{ ...pvd.pvd.addresses[0]!, deprecated: true }],
      gateways: [],
      routes: [{ destination: "2001:db8::/64", gateway: null }],
      dnsServers: [
        { address: "2001:db8::53", port: 53, source: "NetworkManager" },
        { address: "2001:db8::53", port: 5353, source: "NetworkManager" },
      ],
      searchDomains: ["one.example"],
    });
    other.verdicts = [{ family: 6, source: null, refusal: { code: "EPVDROUTE", message: "no" } }];
    assert.deepEqual(told([[H0], [pvd]], [[H0], [other]]), [
      `added ${id}: address 2001:db8::1/64 (deprecated)`,
      `removed ${id}: address 2001:db8::1/64`,
      `removed ${id}: gateway fe80::1`,
      `added ${id}: name server 2001:db8::53`,
      `added ${id}: name server 2001:db8::53 port 5353`,
      `added ${id}: search domain one.example`,
      `added ${id}: route 2001:db8::/64`,
      `removed ${id}: route ::/0 via fe80::1`,
      `changed ${id}: IPv6 sockets are refused: EPVDROUTE`,
    ]);
    assert.equal(
      told([[H0], [other]], [[H0], [pvd]]).at(-1),
      `changed ${id}: IPv6 sockets can be held on it`,
    );
  });

  test("tables of ours", () => {
    const table = {
      table: 1_000_000_001,
      family: 6 as const,
      interface: "h0",
      gateway: ROUTER,
      open: true,
      specific: false,
      sources: ["2001:db8:1::/64"],
      addresses: [],
    };
    assert.deepEqual(
      told([[], [], [table]], [[], [], [{ ...table, open: false, gateway: null }]]),
      [
        "added policy routes: table 1000000001 (IPv6): closed, from 2001:db8:1::/64",
        "removed policy routes: table 1000000001 (IPv6): via fe80::1 on h0, from 2001:db8:1::/64",
      ],
    );
  });
});

describe("words", () => {
  test("durations", () => {
    const rows: [number | null, string][] = [
      [null, "forever"],
      [0, "0 s"],
      [99, "99 s"],
      [100, "2 min"],
      [1800, "30 min"],
      [7200, "2 h"],
      [86400, "24 h"],
      [604800, "7 days"],
    ];
    for (const [seconds, text] of rows) assert.equal(duration(seconds), text);
  });

  test("a refusal without what is plain from its place, and what is to be done apart", () => {
    const refusal = {
      code: "EPVDROUTE",
      message:
        "Cannot stay on PvD fe80::1%h0: packets from 2001:db8::1 could come to router fe80::2; " +
        "mif route install (once, with CAP_NET_ADMIN) gives each PvD its own routing table",
    };
    assert.equal(reasonOf(refusal), "Packets from 2001:db8::1 could come to router fe80::2");
    assert.deepEqual(remedyOf(refusal), {
      command: "mif route install",
      does: "(once, with CAP_NET_ADMIN) gives each PvD its own routing table",
    });
    const unknown =
      "Cannot select PvD fe80::1%h0: nothing says which of the link's addresses are its; " +
      "mif list --solicit asks the routers";
    assert.deepEqual(remedyOf({ code: "EADDRNOTAVAIL", message: unknown }), {
      command: "mif ui --solicit",
      does: "asks the routers",
    });
    const other = { code: "EAI_NONAME", message: "there is no such name" };
    assert.equal(reasonOf(other), "There is no such name");
    assert.equal(remedyOf(other), null);
  });
});

test("lines go from side to side, or down and in, or around", () => {
  const box = (left: number, top: number) => ({ left, top, right: left + 100, bottom: top + 60 });
  assert.equal(
    wirePath(box(0, 0), box(200, 100)),
    "M100.0 30.0C150.0 30.0 150.0 130.0 200.0 130.0",
  );
  assert.equal(wirePath(box(0, 0), box(20, 100)), "M9.0 60.0V116.0Q9.0 124.0 17.0 124.0H20.0");
  assert.equal(wirePath(box(40, 200), box(20, 0)), "M40.0 230.0H12.0V24.0H20.0");
});

describe("the page", () => {
  const directory = new URL("../../cli/ui/page/", import.meta.url);
  const modules = readdirSync(directory).filter((name) => !/^(script|style)\.ts$/.test(name));
  const names = modules.flatMap((name) =>
    [
      ...readFileSync(new URL(name, directory), "utf8")
        .matchAll(/^(?:export )?(?:async )?function (\w+)/gm),
    ].map(([, name]) => name!)
  );

  test("its script has every function of its modules, each once, and no other name of theirs", () => {
    const script = pageScript();
    const found = [...script.matchAll(/^(?:async )?function (\w+)/gm)].map(([, name]) => name);
    assert.ok(names.length > 30);
    assert.deepEqual(found.sort(), names.sort());
    assert.equal(new Set(found).size, found.length);
    // It is sound, and in strict mode.
    new Function(`"use strict"; return async () => {${script}};`);
    assert.match(script, /^start\(\);$/m);
  });

  test("nothing in it is from elsewhere, and nothing ends its script or its style early", () => {
    const page = pageHtml("NONCE");
    const addresses = [...page.matchAll(/https?:\/\/[^\s"'<]*/g)].map(([address]) => address);
    assert.deepEqual(new Set(addresses), new Set(["http://www.w3.org/2000/svg"]));
    for (const element of ["script", "style"]) {
      assert.equal(page.split(`</${element}`).length, 2, element);
      assert.equal(page.split(`<${element}`).length, 2, element);
      assert.match(page, new RegExp(`<${element}[^>]* nonce="NONCE">`));
    }
    assert.doesNotMatch(
      page,
      /\son[a-z]+=|\sstyle=|<(?:img|link rel="(?!icon)|iframe|object|base)\b/,
    );
  });

  test("the script puts text nowhere where it could become anything else", () => {
    assert.doesNotMatch(
      pageScript(),
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\.src\b|\.href\b|new Function/,
    );
  });
});
