/**
 * Runs one at a time. A call during a run makes it run once more afterwards, since what is under way may
 * have looked before the call's reason came about; more calls meanwhile are covered by that one.
 */
export function coalesced(run: () => Promise<void>): () => Promise<void> {
  const state: { running: Promise<void> | null; mustRunAgain: boolean } = {
    running: null,
    mustRunAgain: false,
  };

  async function runAll(): Promise<void> {
    try {
      do {
        state.mustRunAgain = false;
        await run();
      } while (state.mustRunAgain);
    } finally {
      // In the same turn as the last look at mustRunAgain, so that no call falls in between.
      state.running = null;
    }
  }

  return () => {
    if (state.running === null) state.running = runAll();
    else state.mustRunAgain = true;
    return state.running;
  };
}
