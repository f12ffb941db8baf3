import type { RolloutSummary } from "@spillway/contract";
import type { ControlClient } from "@spillway/sdk";
import { CliError } from "./cli-error.ts";

const TERMINAL: readonly RolloutSummary["state"][] = ["rolled_back", "completed", "aborted"];

export function isOver(rollout: Pick<RolloutSummary, "state">): boolean {
  return TERMINAL.includes(rollout.state);
}

/** The rollout of a feature that is not over yet; a feature has one at most. */
export async function findActiveRollout(
  client: ControlClient,
  feature: string,
): Promise<RolloutSummary | null> {
  const query = { feature, active: "true", limit: 1 } as const;
  const { items } = await client.call("listRollouts", { query });
  const found = items.find((rollout) => !isOver(rollout));
  if (found !== undefined) return found;
  // A misspelt feature has no rollout either; say that rather than "nothing to do".
  await client.call("getFeature", { params: { feature } });
  return null;
}

export async function requireActiveRollout(
  client: ControlClient,
  feature: string,
): Promise<RolloutSummary> {
  const rollout = await findActiveRollout(client, feature);
  if (rollout !== null) return rollout;
  throw new CliError(
    `${feature} has no rollout under way. Start one with \`spillway start ${feature} --candidate <release> --strategy <name>\`; a finished one is taken back with \`spillway rollback ${feature}\`.`,
  );
}

/** The active rollout, or else the last one there was. */
export async function findLatestRollout(
  client: ControlClient,
  feature: string,
): Promise<RolloutSummary> {
  const active = await findActiveRollout(client, feature);
  if (active !== null) return active;
  const { items } = await client.call("listRollouts", { query: { feature, limit: 500 } });
  const latest = items.toSorted((a, b) => b.createdAtMs - a.createdAtMs)[0];
  if (latest !== undefined) return latest;
  throw new CliError(
    `${feature} has had no rollout. Start one with \`spillway start ${feature} --candidate <release> --strategy <name>\`.`,
  );
}
