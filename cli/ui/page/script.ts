/**
 * The page's script: the source text of the functions that run in the browser, and a call of the one that begins.
 *
 * So they are checked with what they draw, need no build step, and no file beside the modules. (A text import would be the
 * plain way; JSR's registry refused modules that have one.) Each of these modules lists its functions in `inPage`; they use
 * nothing but each other and the browser.
 *
 * @module
 */

import { inPage as arranging } from "./arrange.ts";
import { inPage as comparing } from "./differences.ts";
import { inPage as drawing } from "./draw.ts";
import { inPage as making } from "./elements.ts";
import { inPage as folding } from "./fold.ts";
import { inPage as leafing } from "./leaves.ts";
import { inPage as asking } from "./question.ts";
import { inPage as starting, start } from "./start.ts";
import { inPage as tabling } from "./tables.ts";
import { inPage as wiring } from "./wires.ts";
import { inPage as wording } from "./words.ts";

/** Functions of one module whose source text becomes part of the page. */
export type PageFunctions = readonly ((...given: never[]) => unknown)[];

/** The source text of the page's module script. */
export function pageScript(): string {
  const functions = [
    making,
    wording,
    arranging,
    comparing,
    folding,
    leafing,
    drawing,
    wiring,
    asking,
    tabling,
    starting,
  ].flat();
  return `${functions.map(String).join("\n")}\n${start.name}();\n`;
}
