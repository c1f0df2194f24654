// fetch() through one provisioning domain: its name servers, its addresses, its router, redirects included.
//
//   deno run -A examples/fetch.ts URL [ID]     or: bun examples/fetch.ts …
//
// An ID is what `mif list` prints. Without one the URL is fetched through every PvD that has a router, side by side.

import process from "node:process";
import { createFetch, listPvds } from "@mif/sockets";

const [url = "https://www.example.com/", id] = process.argv.slice(2);
const pvds = listPvds().filter((pvd) => id === undefined ? pvd.gateways.length > 0 : pvd.id === id);

for (const pvd of pvds) {
  // It keeps connections of its own, which end with it.
  using fetch = createFetch(pvd);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    console.log(pvd.id, response.status, (await response.text()).slice(0, 60));
  } catch (error) {
    // A TypeError, as fetch() has them; why it failed stands behind it.
    console.log(pvd.id, (error as Error).cause ?? error);
  }
}
