/**
 * `mif ui`: a live picture of this host's provisioning domains, in a browser.
 *
 * @module
 */

import { getpvdinfo } from "../mod.ts";
import { answerDestination } from "./ui/destination.ts";
import { whenHostChanges } from "./ui/host_changes.ts";
import { readPicture } from "./ui/picture.ts";
import { UiServer } from "./ui/server.ts";
import { untilSignalled } from "./signals.ts";
import { readOptions, UsageError } from "./usage.ts";

/** Prints the URL, and serves it until SIGINT or SIGTERM. */
export async function* ui(words: string[]): AsyncGenerator<string> {
  const { port, solicit = false, json = false } = readOptions(words, {
    port: { type: "string" },
    solicit: { type: "boolean" },
    json: { type: "boolean" },
  });
  const signal = untilSignalled();
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  if (solicit) await getpvdinfo("localhost", null, { solicit });
  else readPicture();
  const server = await UiServer.start(
    {
      read: readPicture,
      whenChanged: (call) => whenHostChanges(call, solicit),
      answer: answerDestination,
    },
    portNumber(port),
  );
  yield json
    ? JSON.stringify({ url: server.url }) + "\n"
    : `${server.url}\n\nOpen it in a browser on this host; whoever has it may look. End with Ctrl-C.\n`;
  await ended;
  await server.close();
}

function portNumber(text = "0"): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65535) return port;
  throw new UsageError(`--port must be a number from 0 to 65535, not ${JSON.stringify(text)}`);
}
