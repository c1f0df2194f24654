// The stream of pictures: what is read when, and who is told of what.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LivePicture } from "../../cli/ui/live_picture.ts";
import type { Picture } from "../../cli/ui/picture.ts";
import { MifError } from "../../mod.ts";
import { waitFor } from "../lab/mod.ts";
import { pictureInterface, pictureOf, picturePvd } from "./pictures.ts";

/** A host whose picture the test decides. */
class Played {
  readonly link = pictureInterface("h0", 2);
  picture: Picture | MifError = pictureOf([this.link], [picturePvd(1, this.link)]);
  reads = 0;
  watchers = 0;
  change: () => void = () => {};
  readonly live: LivePicture;

  constructor(repeatMs?: number) {
    this.live = new LivePicture({
      read: () => {
        this.reads++;
        if (this.picture instanceof MifError) throw this.picture;
        return this.picture;
      },
      whenChanged: (call) => {
        this.watchers++;
        this.change = call;
        return () => void this.watchers--;
      },
    }, repeatMs);
  }
}

const event = (text: string) => {
  const [, name, data] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? assert.fail(text);
  return { event: name, data: JSON.parse(data!) };
};

test("nothing is read or watched while nobody looks", () => {
  const played = new Played();
  assert.deepEqual([played.reads, played.watchers, played.live.viewers], [0, 0, 0]);
  const ends = [played.live.view(() => {}), played.live.view(() => {})];
  assert.deepEqual([played.reads, played.watchers, played.live.viewers], [2, 1, 2]);
  ends[0]!();
  assert.equal(played.watchers, 1);
  ends[1]!();
  assert.deepEqual([played.watchers, played.live.viewers], [0, 0]);
});

test("each viewer gets the picture at once, and each other one after it", async () => {
  const played = new Played();
  const texts: [string[], string[]] = [[], []];
  const ends = texts.map((list) => played.live.view((text) => list.push(text)));
  assert.deepEqual(texts.map((list) => list.map(event)), [
    [{ event: "picture", data: played.picture }],
    [{ event: "picture", data: played.picture }],
  ]);
  played.picture = pictureOf([played.link], []);
  played.change();
  const all = JSON.stringify(played.picture);
  await waitFor("the other picture", () => texts.every((list) => list.at(-1)!.includes(all)));
  for (const end of ends) end();
});

test("many changes are one look, and seconds that count down are none", async () => {
  const played = new Played();
  const texts: string[] = [];
  const end = played.live.view((text) => texts.push(text));
  played.change();
  await waitFor("the first look", () => played.reads === 2);
  const told = texts.length;
  for (let i = 0; i < 1000; i++) played.change();
  const [{ pvd }] = (played.picture as Picture).pvds as [ReturnType<typeof picturePvd>];
  pvd.addresses[0]!.validSeconds! -= 1;
  await waitFor("the next look", () => played.reads === 3);
  assert.equal(texts.length, told);
  pvd.addresses[0]!.deprecated = true;
  played.change();
  await waitFor("what is told", () => texts.length === told + 1);
  assert.equal(played.reads, 4);
  end();
});

test("what counts down is told anew from time to time", async () => {
  const played = new Played(20);
  const texts: string[] = [];
  const end = played.live.view((text) => texts.push(text));
  await waitFor("it again", () => texts.length >= 3);
  assert.deepEqual(new Set(texts).size, 1);
  end();
  const { reads } = played;
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(played.reads, reads);
});

test("a look that fails is told, and the next one that does not", async () => {
  const played = new Played();
  const sound = played.picture;
  played.picture = new MifError("Cannot read", { code: "EPERM", errno: 1, syscall: "socket" });
  const texts: string[] = [];
  const end = played.live.view((text) => texts.push(text));
  assert.deepEqual(event(texts[0]!), {
    event: "trouble",
    data: { code: "EPERM", message: "Cannot read" },
  });
  played.picture = sound;
  played.change();
  await waitFor("the picture", () => event(texts.at(-1)!).event === "picture");
  end();
});
