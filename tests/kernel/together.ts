/**
 * Checks that wait more than they work, tried at once.
 *
 * @module
 */

/** Runs all of them side by side; one that fails is named. */
export async function together(checks: Record<string, () => Promise<unknown>>): Promise<void> {
  await Promise.all(
    Object.entries(checks).map(([what, check]) =>
      check().catch((cause) => {
        throw new Error(`${what}: ${cause.message}`, { cause });
      })
    ),
  );
}
