/**
 * A mobile node in a few lines: binds its home address to its care-of address, and deletes that again. Three words: home
 * address, care-of address, correspondent.
 *
 * @module
 */

import process from "node:process";
import { MobileNode, mobilitySocket } from "../../lib/mobility/mod.ts";

const [homeAddress = "", careOfAddress = "", correspondent = ""] = process.argv.slice(2);
using socket = mobilitySocket({ wire: true });
const node = new MobileNode({ socket, homeAddress, careOfAddress, correspondent });
console.log(JSON.stringify(await node.register({ timeoutMs: 60_000 })));
console.log(JSON.stringify(await node.deregister({ timeoutMs: 60_000 })));
