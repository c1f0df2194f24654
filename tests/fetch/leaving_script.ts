/**
 * Fetches and has nothing else to do. Arguments: a URL that is read, and one whose body, which has no end, is not.
 *
 * @module
 */

import process from "node:process";
import { createFetch } from "../../mod.ts";

const [whole, endless] = process.argv.slice(2) as [string, string];
const fetch = createFetch(null);
console.log(await (await fetch(whole)).text());
console.log((await fetch(endless)).status);
