/**
 * The third world of `deno task lab mobility`: a mobile node binds its home address at a correspondent, and a router on the
 * way shows every message.
 *
 * @module
 */

import {
  CARE_OF_ADDRESS,
  CORRESPONDENT_ADDRESS,
  HOME_ADDRESS,
  mobileNode,
  World,
} from "../../tests/lab/mod.ts";

const text = `A mobile node away from home, its home agent, and a correspondent:

      mobile node ───── home agent ───── correspondent
      ${CARE_OF_ADDRESS}                     ${CORRESPONDENT_ADDRESS}
      at home ${HOME_ADDRESS}

It proves to the correspondent that both addresses are its own (return routability, RFC 6275 5.2.5), binds
one to the other, and deletes that again:
`;

/** Prints it. Returns the exit status: 0, or 1 where it did not come to its end. */
export async function mobility(): Promise<number> {
  console.log(text);
  await using world = new World();
  const { mobile, agent, correspondent } = mobileNode(world);
  const path = (name: string) => new URL(name, import.meta.url);
  console.log("$ mif mh dump -i c0");
  const dump = agent.spawnScript(path("../../cli.ts"), ["mh", "dump", "-i", "c0"], {
    onLine: (line) => console.log(line),
  });
  await dump.waitForOutput(/listening/);
  const example = path("../../examples/mobile_ipv6.ts");
  const serving = correspondent.spawnScript(example, ["correspondent"]);
  await serving.waitForOutput(/waiting/);
  const addresses = [HOME_ADDRESS, CARE_OF_ADDRESS, CORRESPONDENT_ADDRESS];
  const node = await mobile.runScript(example, ["node", ...addresses]);
  // What is on its way to the screen.
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log(`\nThe mobile node (examples/mobile_ipv6.ts):\n${node.stdout}${node.stderr}`);
  return node.status === 0 ? 0 : 1;
}
