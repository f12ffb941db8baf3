import type { Database } from "./database.ts";
import type { ChangeNotice } from "./transaction.ts";
import { CHANGES_CHANNEL } from "./transaction.ts";

export type ChangeFeed = {
  readonly subscribe: (callback: (change: ChangeNotice) => void) => () => void;
  readonly close: () => void;
};

/** After a reconnect nobody knows what was missed: everything may have changed. */
const ANYTHING: readonly ChangeNotice[] = (
  ["snapshot", "rollout", "feature", "exchange"] as const
).map((kind) => ({ kind, feature: null, rolloutId: null, snapshotRevision: null }));

/** Fans one listening connection out to everyone in this process who wants to know of commits. */
export async function createChangeFeed(database: Database): Promise<ChangeFeed> {
  const subscribers = new Set<(change: ChangeNotice) => void>();
  const publish = (change: ChangeNotice): void => {
    for (const subscriber of subscribers) subscriber(change);
  };
  const stop = await database.listen(CHANGES_CHANNEL, (payload) => {
    if (payload === null) ANYTHING.forEach(publish);
    else publish(JSON.parse(payload) as ChangeNotice);
  });
  return {
    subscribe: (callback) => {
      subscribers.add(callback);
      return () => subscribers.delete(callback);
    },
    close: stop,
  };
}
