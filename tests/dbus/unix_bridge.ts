/**
 * A child process of {@linkcode connectByChild}: carries bytes between a unix socket and two FIFOs,
 * so that the parent can talk to the socket with blocking reads of files.
 *
 * Arguments: socket path, FIFO to read from, FIFO to write to, milliseconds to live.
 *
 * @module
 */

import { createReadStream, createWriteStream } from "node:fs";
import { connect } from "node:net";
import process from "node:process";

const [socketPath, inward, outward, lifetimeMs] = process.argv.slice(2);
setTimeout(() => process.exit(2), Number(lifetimeMs));
const socket = connect(socketPath!);
createReadStream(inward!).pipe(socket);
socket.pipe(createWriteStream(outward!));
// The parent that closed its side, or a socket that was never there: nothing left to carry.
socket.on("close", () => setTimeout(() => process.exit(0), 50));
socket.on("error", () => process.exit(1));
