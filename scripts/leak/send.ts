/**
 * Sends one datagram from a source address, as a program without this library does, or with it. Arguments: "plain" or
 * "library", SOURCE, DESTINATION, PORT. Prints the code of the error where it is refused, else nothing.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import process from "node:process";
import { AF_INET6, getpvdinfo, MifError, setsockopt, SOCK_DGRAM, socket } from "../../mod.ts";

const [how = "", source = "", destination = "", port = ""] = process.argv.slice(2);

/** bind(2), connect(2), send(2). */
async function sendPlainly(): Promise<void> {
  const s = createSocket("udp6");
  await new Promise<void>((resolve) => s.bind(0, source, resolve));
  await new Promise<void>((resolve) => s.connect(Number(port), destination, resolve));
  await new Promise<void>((resolve, reject) =>
    s.send("hello", (error) => error ? reject(error) : resolve())
  );
  s.close();
}

/** The draft's setsockopt(), then connect(2), send(2). */
async function sendOnPvd(): Promise<void> {
  const pvds = await getpvdinfo("localhost", null, { solicit: true });
  const pvd = pvds.find(({ addresses }) => addresses.some(({ address }) => address === source));
  using s = socket(AF_INET6, SOCK_DGRAM);
  setsockopt(s, pvd!);
  await s.connect({ address: destination, port: Number(port) });
  await s.send(new TextEncoder().encode("hello"));
}

try {
  await (how === "plain" ? sendPlainly() : sendOnPvd());
} catch (error) {
  if (!(error instanceof MifError)) throw error;
  console.log(error.code);
}
