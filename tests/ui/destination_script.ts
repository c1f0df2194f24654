/**
 * Answers questions where destinations go, in the namespace it runs in. Argument: an array of `{ to, pvd }`, where `pvd`
 * is the ID of a PvD, null, or a handle. Prints an array of answers and refusals; handles in them are IDs.
 *
 * @module
 */

import process from "node:process";
import { answerDestination } from "../../cli/ui/destination.ts";
import { refusalOf } from "../../cli/ui/picture.ts";
import { getpvdinfo, listPvds } from "../../mod.ts";

const questions: { to: string; pvd: string | number | null }[] = JSON.parse(process.argv[2]!);
await getpvdinfo("localhost", null, { solicit: true });
const pvds = listPvds();
const answers = [];
for (const { to, pvd } of questions) {
  const handle = typeof pvd === "string" ? pvds.find(({ id }) => id === pvd)!.handle : pvd;
  answers.push(await answerDestination({ to, pvd: handle }).catch(refusalOf));
}
const idOf = (key: string, value: unknown) =>
  key === "handle" || key === "pvd"
    ? pvds.find(({ handle }) => handle === value)?.id ?? null
    : value;
console.log(JSON.stringify(answers, idOf));
