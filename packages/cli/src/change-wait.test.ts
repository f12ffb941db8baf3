import { createControlClient } from "@spillway/sdk";
import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { expect, it } from "vitest";
import { watchChanges } from "./change-wait.ts";
import { defaultSleep } from "./sleep.ts";

it("is woken by a change of the feature, and not by one of another", async () => {
  const api = await startFakeControlApi();
  const client = createControlClient({ baseUrl: api.url, key: null });
  const changes = watchChanges(client, { sleep: defaultSleep }, "mine");
  const event = { kind: "rollout", rolloutId: null, snapshotRevision: null } as const;
  let isWoken = false;
  const waiting = changes.wait(60_000).then(() => {
    isWoken = true;
  });
  const others = setInterval(() => api.publish({ ...event, feature: "other" }), 10);
  await defaultSleep(400, new AbortController().signal);
  expect(isWoken).toBe(false);
  clearInterval(others);
  api.publish({ ...event, feature: "mine" });
  await waiting;
  changes.close();
  await api.close();
});
