import { setTimeout as wait } from "node:timers/promises";

/** Ends after the time, or as soon as the signal says so: being woken is the point of the signal. */
export async function defaultSleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
