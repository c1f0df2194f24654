/**
 * A program that knows nothing of networks: binds a UDP socket to a source and sends one datagram.
 * Arguments: SOURCE DESTINATION PORT.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import process from "node:process";

const [source = "", destination = "", port = ""] = process.argv.slice(2);
const socket = createSocket(isIPv6(source) ? "udp6" : "udp4");
socket.bind(0, source, () => {
  socket.send("hello", Number(port), destination, (error) => {
    socket.close();
    if (error) throw error;
  });
});
