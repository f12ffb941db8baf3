/** What a test run came to, in numbers. */
export type TestTotals = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
};

/**
 * The line that closes a test run. `failed` counts failed tests, and also files that could not be
 * loaded and errors that no test caught: a run that is not good never says "0 failed".
 */
export function renderTestTotals({ passed, failed, skipped }: TestTotals): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}
