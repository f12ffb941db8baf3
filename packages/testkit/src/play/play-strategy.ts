/**
 * Plays a strategy from start to end on a virtual clock, through core's own gate and transition function:
 * given a world (traffic, and how the two releases answer), when people act as they do, then the rollout
 * ends somehow, and every decision on the way is replayed from its stored inputs.
 */
import type {
  DecisionRecord,
  MetricDefinition,
  Rollout,
  RolloutEvidence,
  RolloutEvent,
  Stage,
  Strategy,
} from "../../../core/src/index.ts";
import {
  BUCKETING_ALGORITHM,
  currentStage,
  ROLLOUT_METHOD,
  decisionId,
  emptyEvidence,
  gateInputOf,
  isTerminal,
  judge,
  mergeEvidence,
  neededTimes,
  METRIC_CATALOGUE,
  releaseId,
  rolloutId,
  stageObservationsOf,
  unmetRequirements,
  withTransition,
} from "../../../core/src/index.ts";
import { assertReplays } from "../replay-decisions.ts";
import { createChance } from "./chance.ts";
import { observeHours } from "./observe-hours.ts";
import type { World } from "./world.ts";

export type Played = {
  readonly rollout: Rollout;
  readonly decisions: readonly DecisionRecord[];
  /** The stages that it was in, in order. */
  readonly entered: readonly Stage[];
  /** The last of them: where it ended, or still is. */
  readonly lastStage: Stage;
  /** Candidate answers that people got, in the last stage and in all. */
  readonly exposedInLastStage: number;
  readonly exposed: number;
  readonly hours: number;
};

export type PlayOptions = {
  readonly strategy: Strategy;
  readonly world: World;
  readonly tier?: 1 | 2 | 3;
  /** How often the rollout is looked at; a coarse clock sees less often and not less. */
  readonly tickHours?: number;
  /** Longer than this is no end, and is given back as it stands. */
  readonly mostHours?: number;
  readonly seed?: number;
};

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 5);
const AUTHOR = "ana";
const REVIEWER = "ben";

export function playStrategy(options: PlayOptions): Played {
  const { world, tickHours = 1, mostHours = 24 * 120 } = options;
  const metrics = METRIC_CATALOGUE;
  const chance = createChance(options.seed ?? 1);
  const decisions: DecisionRecord[] = [];
  let rollout = pendingRollout(options);
  let evidence: RolloutEvidence = { ...emptyEvidence(), timed: [] };
  let [hours, exposed, exposedInLastStage] = [0, 0, 0];
  const entered: Stage[] = [];
  let late: { readonly atHour: number; readonly evidence: RolloutEvidence }[] = [];

  const happen = (event: RolloutEvent): void => {
    const made = decideOnce({
      rollout,
      event,
      evidence,
      metrics,
      nowMs: START_MS + hours * HOUR_MS,
    });
    if (made === null) return;
    decisions.push(made.record);
    const before = currentStage(rollout);
    rollout = made.rollout;
    const stage = currentStage(rollout);
    if (stage === null || stage === before) return;
    entered.push(stage);
    exposedInLastStage = 0;
  };

  happen({ kind: "start", by: AUTHOR, note: "" });
  while (!isTerminal(rollout.state) && hours < mostHours) {
    const hour = observeHours({
      rollout,
      world,
      metrics,
      chance,
      startMs: START_MS,
      fromHour: hours,
      hours: tickHours,
    });
    late.push(
      ...hour.parts.map((part) => ({ atHour: hours + part.delayHours, evidence: part.evidence })),
    );
    hours += tickHours;
    const now = hours;
    for (const part of late.filter(({ atHour }) => atHour < now)) {
      evidence = mergeEvidence(evidence, part.evidence);
    }
    late = late.filter(({ atHour }) => atHour >= now);
    // As a store reads it: no block that can count for nothing any more.
    const { criteria } = rollout.strategy;
    const sinceMs = rollout.evidenceSinceMs ?? null;
    evidence = { ...evidence, ...neededTimes(evidence, { criteria, metrics, sinceMs }) };
    exposed += hour.exposed;
    exposedInLastStage += hour.exposed;
    const wanted = personsEvent(rollout, evidence, { metrics, nowMs: START_MS + hours * HOUR_MS });
    if (wanted !== null) happen(wanted);
    happen({ kind: "tick" });
  }
  const lastStage = entered.at(-1);
  if (lastStage === undefined) throw new Error("The rollout has not been started.");
  return { rollout, decisions, entered, lastStage, exposedInLastStage, exposed, hours };
}

/** What anybody on duty does: signs an evaluation, and approves what waits for nothing else. */
function personsEvent(
  rollout: Rollout,
  evidence: RolloutEvidence,
  of: { readonly metrics: readonly MetricDefinition[]; readonly nowMs: number },
): RolloutEvent | null {
  const inputs = inputsOf({ rollout, event: { kind: "tick" }, evidence, ...of });
  const gate = judge(inputs).report;
  const unmet = unmetRequirements({ ...inputs, gate });
  const codes = new Set(unmet.map((requirement) => requirement.code));
  if (codes.has("approval") && codes.size === 1) {
    return { kind: "approve", by: REVIEWER, note: "" };
  }
  if (codes.has("validation") && !codes.has("approval")) {
    const note = "The evaluation of 12 January is signed.";
    return { kind: "promote", by: AUTHOR, note, full: false, override: true };
  }
  return null;
}

type Moment = {
  readonly rollout: Rollout;
  readonly event: RolloutEvent;
  readonly evidence: RolloutEvidence;
  readonly metrics: readonly MetricDefinition[];
  readonly nowMs: number;
};

function inputsOf({ rollout, event, evidence, metrics, nowMs }: Moment) {
  return {
    rollout,
    event,
    gate: gateInputOf(rollout, evidence, metrics),
    stageObservations: stageObservationsOf(rollout, evidence),
    nowMs,
  };
}

function decideOnce(
  moment: Moment,
): { readonly rollout: Rollout; readonly record: DecisionRecord } | null {
  const inputs = inputsOf(moment);
  const { report, outcome } = judge(inputs);
  if (outcome.kind === "refused") throw new Error(`Refused: ${outcome.reason}`);
  if (outcome.kind === "wait") return null;
  const before = moment.rollout;
  const rollout = withTransition(before, outcome);
  const record: DecisionRecord = {
    id: decisionId(`dec_${rollout.version}`),
    rolloutId: before.id,
    feature: before.feature,
    version: rollout.version,
    decision: outcome.decision,
    fromState: before.state.kind,
    toState: rollout.state.kind,
    stage: currentStage(rollout)?.name ?? null,
    reason: outcome.reason,
    actor: "by" in moment.event ? moment.event.by : "spillway",
    atMs: moment.nowMs,
    inputs,
    outcome,
    report,
    method: ROLLOUT_METHOD,
    snapshotRevision: rollout.version,
  };
  assertReplays([record]);
  return { rollout, record };
}

function pendingRollout({ strategy, tier = 2 }: PlayOptions): Rollout {
  return {
    id: rolloutId("roll_played"),
    feature: "played",
    tier,
    baseline: releaseId("played", 1),
    candidate: releaseId("played", 2),
    strategy,
    algorithm: BUCKETING_ALGORITHM,
    author: AUTHOR,
    createdAtMs: START_MS,
    state: { kind: "pending" },
    approvals: [],
    version: 0,
  };
}
