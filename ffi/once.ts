/**
 * What exists once in a JavaScript thread, although its modules may be evaluated again there: bun --hot does so at every
 * change of a file, and keeps all that was open.
 *
 * @module
 */

/** What `make` gave at the first call with this name. */
export function oncePerThread<T>(name: string, make: () => T): T {
  const kept = globalThis as unknown as Record<symbol, T>;
  // Another copy of the package has another address, and its own things.
  return kept[Symbol.for(`${name} of ${import.meta.url}`)] ??= make();
}
