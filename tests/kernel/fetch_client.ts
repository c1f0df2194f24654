/**
 * Runs in the host: fetches through one PvD, or through several at once, and writes what came of it. Argument: a
 * FetchRequest as JSON.
 *
 * @module
 */

import process from "node:process";
import {
  connect,
  type ConnectOptions,
  createFetch,
  createWebSocket,
  listPvds,
  type PvdFetch,
} from "../../mod.ts";
import {
  FETCH_PORTS,
  type FetchAnswer,
  type FetchReport,
  type FetchRequest,
  HALF_DEAD,
  ONLY_2,
  WEB_SOCKET_PORT,
  WWW,
} from "./fetch_site.ts";

const asked: FetchRequest = JSON.parse(process.argv[2]!);
const all = listPvds();
const fetches = asked.pvds.map((wanted) => {
  const pvd = all.find((pvd) =>
    pvd.interface.name === wanted.interface &&
    pvd.addresses.some(({ address }) => address === wanted.address)
  );
  if (!pvd) throw new Error(`There is no PvD with ${wanted.address}`);
  return createFetch(pvd, { tls: { ca: asked.ca } });
});
const [fetch] = fetches as [PvdFetch];

async function answerAt(fetch: PvdFetch, url: string): Promise<FetchAnswer> {
  const response = await fetch(url);
  return { ...await response.json(), url: response.url };
}

async function codeAt(url: string): Promise<string> {
  try {
    return String((await fetch(url)).status);
  } catch (error) {
    const { name, cause } = error as { name: string; cause?: { code?: string; name?: string } };
    return `${name} ${cause?.name} ${cause?.code}`;
  }
}

async function connectionsAt(url: string): Promise<number> {
  const used = new Set<string | null>();
  for (let i = 0; i < 10; i++) {
    const response = await fetch(url);
    used.add(response.headers.get("x-port"));
    await response.text();
  }
  return used.size;
}

async function everything(): Promise<FetchReport> {
  const { expired, selfSigned, misnamed, untrusted } = FETCH_PORTS;
  return {
    answers: {
      http: await answerAt(fetch, `http://${WWW}/`),
      https: await answerAt(fetch, `https://${WWW}/`),
      redirected: await answerAt(fetch, `http://${WWW}/redirect/https`),
      halfDead: await answerAt(fetch, `http://${HALF_DEAD}/`),
    },
    connections: {
      http: await connectionsAt(`http://${WWW}/`),
      https: await connectionsAt(`https://${WWW}/`),
    },
    errors: {
      expired: await codeAt(`https://${WWW}:${expired}/`),
      selfSigned: await codeAt(`https://${WWW}:${selfSigned}/`),
      misnamed: await codeAt(`https://${WWW}:${misnamed}/`),
      untrusted: await codeAt(`https://${WWW}:${untrusted}/`),
      noTls: await codeAt(`https://${WWW}:${FETCH_PORTS.http}/`),
      noName: await codeAt("http://nowhere.example/"),
      refused: await codeAt(`http://${WWW}:4/`),
    },
  };
}

/** Through all PvDs at the same time; by PvD, what the servers said. */
async function atOnce(): Promise<string[][]> {
  return await Promise.all(fetches.map(async (fetch) => {
    const urls = Array.from({ length: 20 }, (_, i) => `http${i % 2 ? "s" : ""}://${WWW}/${i}`);
    const answers = await Promise.all(urls.map((url) => answerAt(fetch, url)));
    return [...new Set(answers.map(({ server, source }) => `${server} ${source}`))];
  }));
}

/** Both ways; the bytes, and the memory in use at the most. */
async function large(): Promise<{ bytes: number[]; mostMiB: number }> {
  const size = 100 * (1 << 20);
  const piece = new Uint8Array(1 << 16);
  let most = 0;
  const look = () => most = Math.max(most, process.memoryUsage().rss);
  const bytes: number[] = [];
  for (const scheme of ["http", "https"]) {
    const down = await fetch(`${scheme}://${WWW}/large/${size}`);
    let read = 0;
    for await (const chunk of down.body!) {
      read += chunk.length;
      look();
    }
    let left = size;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        look();
        controller.enqueue(piece);
        left -= piece.length;
        if (left === 0) controller.close();
      },
    });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    const up = await fetch(`${scheme}://${WWW}/count`, init);
    bytes.push(read, Number(await up.text()));
  }
  return { bytes, mostMiB: Math.round(most / (1 << 20)) };
}

/** A second time: what the first one took is the collectors' and is used again. */
async function largeTwice(): Promise<unknown> {
  return [await large(), await large()];
}

/** What a WebSocket's server saw as the client, or what went wrong. */
async function webSocket(): Promise<string[]> {
  const WebSocket = createWebSocket(fetch.pvd);
  const open = (port: number) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`ws://${WWW}:${port}/source`);
      socket.onmessage = ({ data }) => {
        socket.close();
        resolve(data);
      };
      socket.onerror = ({ error }) => resolve(`${error.name} ${error.code}`);
    });
  return [await open(WEB_SOCKET_PORT), await open(4)];
}

/** connect() with all PvDs in the order given, and in the opposite one; which it took and what leads there. */
async function inOrder(): Promise<string[]> {
  const pvds = fetches.map(({ pvd }) => pvd!);
  const taken = async (options: Partial<ConnectOptions>) => {
    await using connection = await connect({ hostname: ONLY_2, port: 80, ...options });
    const { pvd, socket } = connection;
    return `${pvd!.id} ${socket.localAddress} ${socket.remoteAddress}`;
  };
  return [
    await taken({ pvd: pvds }),
    await taken({ pvd: "any", policy: () => pvds.toReversed() }),
    await taken({ hostname: WWW, pvd: pvds }),
    await taken({ pvd: pvds.slice(0, 2) }).catch(({ code, message }) => `${code} ${message}`),
  ];
}

const tasks = {
  everything,
  "at once": atOnce,
  large: largeTwice,
  "web socket": webSocket,
  "in order": inOrder,
};
console.log(JSON.stringify(await tasks[asked.task]()));
