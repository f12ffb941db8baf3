import { replayDecision } from "@spillway/core";
import type { Database } from "../../../server/src/store/database.ts";
import { listDecisions } from "../../../server/src/store/decision-store.ts";
import { verifyStoredLedger } from "../../../server/src/store/ledger-verification.ts";
import type { Acknowledged } from "./round.ts";

export type DecisionAudit = {
  readonly decisions: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
};

type Decision = Awaited<ReturnType<typeof listDecisions>>[number];
type RolloutRow = { readonly id: string; readonly version: number; readonly state_kind: string };

const MAX_ROLLOUTS = 10_000;
const MAX_DECISIONS = 10_000;
const LEADS_TO = { start: "progressing", pause: "paused", resume: "progressing" } as const;

/** Holds every rollout against its decisions, and these against the ledger and what was acknowledged. */
export async function auditDecisions(
  database: Database,
  acknowledged: readonly Acknowledged[],
): Promise<DecisionAudit> {
  const lost: string[] = [];
  const doubled: string[] = [];
  const rollouts = await database.kysely
    .selectFrom("rollouts as r")
    .select(["r.id", "r.version", "r.state_kind"])
    .orderBy("r.created_at_ms")
    .limit(MAX_ROLLOUTS)
    .execute();
  const entries = await countLedgerEntries(database);
  let decisions = 0;
  for (const rollout of rollouts) {
    const page = { rolloutId: rollout.id, limit: MAX_DECISIONS, beforeVersion: null };
    const found = (await listDecisions(database, page)).toReversed();
    decisions += found.length;
    lost.push(...gaps(rollout, found));
    doubled.push(...repeats(rollout, found));
    for (const { id } of found) {
      const count = entries.get(id) ?? 0;
      if (count === 0) lost.push(`${id} has no ledger entry`);
      if (count > 1) doubled.push(`${id} has ${count} ledger entries`);
    }
    lost.push(...unkept(rollout, found, acknowledged));
  }
  const known = new Set(rollouts.map(({ id }) => id));
  for (const { rolloutId } of acknowledged) {
    if (!known.has(rolloutId)) lost.push(`${rolloutId} was acknowledged and is not there`);
  }
  const ledger = await verifyStoredLedger(database);
  if (!ledger.isIntact) lost.push(ledger.sentence);
  return { decisions, lost, doubled };
}

/** Versions 1..n, each from the state that the one before led to, the last one into the present. */
function gaps(rollout: RolloutRow, found: readonly Decision[]): string[] {
  const lost: string[] = [];
  const versions = new Set(found.map(({ version }) => version));
  for (let version = 1; version <= rollout.version; version++) {
    if (!versions.has(version)) lost.push(`${rollout.id} has no decision of version ${version}`);
  }
  found.forEach((decision, index) => {
    const before = found[index - 1]?.toState ?? "pending";
    if (decision.fromState !== before) {
      lost.push(`${decision.id} starts from ${decision.fromState}, and not from ${before}`);
    }
    const replay = replayDecision(decision);
    if (!replay.agrees) lost.push(`${decision.id}: ${replay.sentence}`);
  });
  const last = found.at(-1)?.toState ?? "pending";
  if (last !== rollout.state_kind) {
    lost.push(`${rollout.id} is ${rollout.state_kind}, and its last decision led to ${last}`);
  }
  return lost;
}

function repeats(rollout: RolloutRow, found: readonly Decision[]): string[] {
  const byVersion = Map.groupBy(found, ({ version }) => version);
  const doubled = [...byVersion]
    .filter(([, of]) => of.length > 1)
    .map(([version, of]) => `${rollout.id} has ${of.length} decisions of version ${version}`);
  const beyond = found.filter(({ version }) => version < 1 || version > rollout.version);
  return [
    ...doubled,
    ...beyond.map(({ id }) => `${id} has a version that ${rollout.id} never had`),
  ];
}

/** Each acknowledgement has a decision of its own; unacknowledged ones may have been taken besides. */
function unkept(
  rollout: RolloutRow,
  found: readonly Decision[],
  acknowledged: readonly Acknowledged[],
): string[] {
  const own = acknowledged.filter(({ rolloutId }) => rolloutId === rollout.id);
  return own.flatMap(({ action, version }, index) => {
    const sameBefore = own.slice(0, index + 1).filter((other) => other.action === action).length;
    const taken = found.filter(
      (decision) =>
        decision.inputs?.event.kind === action &&
        decision.toState === LEADS_TO[action] &&
        decision.version <= version,
    ).length;
    return taken >= sameBefore
      ? []
      : [`${rollout.id}: "${action}" was acknowledged at version ${version} and is not recorded`];
  });
}

async function countLedgerEntries(database: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await database.kysely
    .selectFrom("ledger as l")
    .select((of) => ["l.subject", of.fn.countAll<number>().as("entries")])
    .where("l.action", "like", "decision.%")
    .groupBy("l.subject")
    .execute();
  return new Map(rows.map(({ subject, entries }) => [subject, entries]));
}
