import type {
  ApplyResult,
  Feature,
  Key,
  LedgerEntry,
  RolloutSummary,
  Strategy,
} from "@spillway/contract";
import { gateBadge, stateBadge } from "./icons.ts";
import { percentOfBps, shortDigest, utcTime } from "./numbers.ts";
import type { Paint } from "./paint.ts";
import { renderTable } from "./table.ts";

/** In the order of the API: those that need attention first. */
export function renderRollouts(rollouts: readonly RolloutSummary[], paint: Paint): string {
  if (rollouts.length === 0) return "No rollouts. Start one with `spillway start`.";
  return renderTable(
    ["feature", "state", "stage", "set", "actual", "gate", "candidate", "why"],
    rollouts.map((rollout) => [
      rollout.feature,
      stateBadge(rollout, paint),
      rollout.stageIndex === null ? "-" : (rollout.stages[rollout.stageIndex]?.name ?? "-"),
      percentOfBps(rollout.setShareBps),
      rollout.actualShareBps === null ? "-" : percentOfBps(rollout.actualShareBps),
      gateBadge(rollout.gate, paint),
      rollout.candidate,
      rollout.sentence,
    ]),
  );
}

export function renderFeatures(features: readonly Feature[], paint: Paint): string {
  if (features.length === 0) return "No features. Register some with `spillway apply -f <file>`.";
  return renderTable(
    ["feature", "tier", "serves", "rollout", "owner", "title"],
    features.map((feature) => [
      feature.key,
      String(feature.tier),
      `${feature.baseline ?? "nothing"}${feature.isKilled ? paint.red(" (killed)") : ""}`,
      feature.activeRolloutId ?? "-",
      feature.owner,
      feature.title,
    ]),
  );
}

export function renderStrategies(strategies: readonly Strategy[], paint: Paint): string {
  return renderTable(
    ["strategy", "from", "stages", "description"],
    strategies.map((strategy) => [
      strategy.name,
      strategy.isBuiltIn ? paint.dim("built in") : "stored",
      strategy.stages.map((stage) => stage.name).join(", "),
      strategy.description,
    ]),
  );
}

export function renderApplyResult(
  { changes, snapshotRevision }: ApplyResult,
  paint: Paint,
): string {
  const colours = { created: paint.green, updated: paint.yellow, unchanged: paint.dim };
  const table = renderTable(
    ["change", "resource", "name", "id"],
    changes.map(({ change, resource, name, id }) => [
      colours[change](change),
      resource,
      name,
      /^[0-9a-f]{64}$/.test(id) ? shortDigest(id) : id,
    ]),
  );
  const amount = (kind: string) => changes.filter(({ change }) => change === kind).length;
  const summary = `${amount("created")} created, ${amount("updated")} updated, ${amount("unchanged")} unchanged; snapshot ${snapshotRevision}`;
  return `${table}\n${summary}`;
}

export function renderKeys(keys: readonly Key[]): string {
  if (keys.length === 0) return "No keys.";
  return renderTable(
    ["id", "name", "scope", "role", "features", "expires", "state"],
    keys.map((key) => [
      key.id,
      key.name,
      key.scope,
      key.role ?? "-",
      key.features.length === 0 ? "all" : key.features.join(","),
      key.expiresAtMs === null ? "never" : utcTime(key.expiresAtMs),
      key.revokedAtMs === null ? "in use" : `revoked ${utcTime(key.revokedAtMs)}`,
    ]),
  );
}

export function renderLedger(entries: readonly LedgerEntry[]): string {
  if (entries.length === 0) return "The ledger is empty.";
  return renderTable(
    ["seq", "at", "actor", "action", "subject", "hash"],
    entries.map((entry) => [
      String(entry.seq),
      utcTime(entry.atMs),
      entry.actor,
      entry.action,
      entry.subject,
      shortDigest(entry.hash),
    ]),
  );
}
