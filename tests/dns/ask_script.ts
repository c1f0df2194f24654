/**
 * Asks the server at a port of 127.0.0.1 one question and then has nothing more to do.
 *
 * @module
 */

import process from "node:process";
import { encodeQuery } from "../../lib/dns/message.ts";
import { nameFromText } from "../../lib/dns/name.ts";
import { Cancellation } from "../../lib/dns/transport.ts";
import { UdpTransport } from "../../lib/dns/udp.ts";

const transport = new UdpTransport(null, { address: "127.0.0.1", port: Number(process.argv[2]) });
const query = encodeQuery({ name: nameFromText("www.example"), type: 1, randomCase: false }, true);
await transport.ask(query, 5000, new Cancellation());
console.log("answered");
