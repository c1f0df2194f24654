// A name in every provisioning domain: each asks its own servers, from its own addresses, and may get another answer.
//
//   deno run -A examples/resolve.ts NAME [TYPE]     or: bun examples/resolve.ts …
//
// Without TYPE the addresses to connect to, the best first (getaddrinfo); with one, such as MX, the records themselves.

import process from "node:process";
import { getaddrinfo, listPvds, MifError, query, RecordType, SOCK_STREAM } from "@mif/sockets";

const [name = "www.example.com", type] = process.argv.slice(2);

for (const pvd of listPvds()) {
  if (pvd.dnsServers.length === 0) continue;
  const signal = AbortSignal.timeout(5000);
  try {
    if (type !== undefined && type in RecordType) {
      const { status, records } = await query(name, type as keyof typeof RecordType, {
        pvd,
        signal,
      });
      console.log(pvd.id, status, records);
    } else {
      const found = await getaddrinfo(name, "https", { ai_socktype: SOCK_STREAM }, pvd, { signal });
      console.log(pvd.id, found.map(({ ai_addr }) => ai_addr.address));
    }
  } catch (error) {
    // EAI_NONAME: there is no such name here. EAI_AGAIN: no server of this PvD has answered.
    console.log(pvd.id, error instanceof MifError ? error.code : error);
  }
}
