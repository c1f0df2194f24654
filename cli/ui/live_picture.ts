/**
 * The picture as a stream: read when something may have changed, told where it is another one, and only while somebody looks.
 *
 * @module
 */

import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import { type Picture, type Refusal, refusalOf } from "./picture.ts";

/** Where the pictures come from. */
export interface PictureSource {
  /** Looks once; a MifError it throws is told. */
  read(): Picture;
  /** Calls whenever a look may show something else; returns what ends it. */
  whenChanged(call: () => void): () => void;
}

/** What the page is told: a picture, or why there is none. */
export type PictureEvent = { event: "picture"; data: Picture } | {
  event: "trouble";
  data: Refusal;
};

/** Takes an event as it goes over the wire; the same text for everybody. */
export type Viewer = (text: string) => void;

/** Changes come in bursts: so long after one look the next one waits. */
const SPACING_MS = 100;
/** A look that takes long keeps the next one away for so many times as long. */
const SPACING_FACTOR = 4;
/** Seconds that count down are no change, but are told anew so often. It also shows that the connection stands. */
const REPEAT_MS = 10_000;

/** Hands on pictures of one source to any number of viewers. */
export class LivePicture {
  readonly #source: PictureSource;
  readonly #viewers = new Set<Viewer>();
  #stop: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** No look before this time. */
  #nextMs = 0;
  /** What was told last, without what counts down. */
  #told = "";
  readonly #repeatMs: number;

  /** Reads nothing before there is a viewer. */
  constructor(source: PictureSource, repeatMs = REPEAT_MS) {
    this.#source = source;
    this.#repeatMs = repeatMs;
  }

  /** How many are looking. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Tells a viewer the picture at once, and then each other one. Returns what ends it. */
  view(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    this.#stop ??= this.#start();
    viewer(encode(this.#look()));
    return () => {
      this.#viewers.delete(viewer);
      if (this.#viewers.size > 0) return;
      this.#stop?.();
      this.#stop = null;
      if (this.#timer) clearTimeout(this.#timer);
      this.#timer = null;
    };
  }

  #start(): () => void {
    const stop = this.#source.whenChanged(() => this.#schedule());
    const timer = setInterval(() => {
      this.#told = "";
      this.#schedule();
    }, this.#repeatMs);
    return () => {
      clearInterval(timer);
      stop();
    };
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#tell();
    }, Math.max(0, this.#nextMs - performance.now()));
  }

  #tell(): void {
    const event = this.#look();
    const state = JSON.stringify(
      event,
      (key, value) => key.endsWith("Seconds") ? undefined : value,
    );
    if (state === this.#told) return;
    this.#told = state;
    const text = encode(event);
    for (const viewer of this.#viewers) viewer(text);
  }

  #look(): PictureEvent {
    const startMs = performance.now();
    try {
      return { event: "picture", data: this.#source.read() };
    } catch (error) {
      return { event: "trouble", data: refusalOf(error) };
    } finally {
      const tookMs = performance.now() - startMs;
      this.#nextMs = startMs + tookMs + Math.max(SPACING_MS, SPACING_FACTOR * tookMs);
    }
  }
}

/** One event of a text/event-stream. */
function encode({ event, data }: PictureEvent): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
