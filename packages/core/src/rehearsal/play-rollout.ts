import type { MetricDefinition } from "../gate/metric.ts";
import type { SliceShare } from "../planning/strategy-plan.ts";
import { releaseId } from "../release/release.ts";
import { judge } from "../rollout/decision-record.ts";
import { gateInputOf, stageObservationsOf } from "../rollout/gate-input.ts";
import type { Rollout } from "../rollout/rollout.ts";
import { currentStage, isTerminal, rolloutId } from "../rollout/rollout.ts";
import type { Stage, Strategy } from "../rollout/strategy.ts";
import type { StickyUnits } from "../planning/sticky-units.ts";
import { timeNeedsOf } from "./evidence-times.ts";
import type { InventedReleases } from "./invented-releases.ts";
import { createTraffic } from "./invented-traffic.ts";
import type { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";

export type PlayInput = {
  /** Without evaluate stages: no traffic reaches the candidate there. */
  readonly strategy: Strategy;
  readonly metrics: readonly MetricDefinition[];
  readonly requestsPerHour: number;
  readonly slices: readonly SliceShare[];
  /** How units return; null: every request is a unit of its own. */
  readonly sticky: StickyUnits | null;
  readonly scenario: Scenario;
  readonly releases: InventedReleases;
  readonly random: Random;
  /** A rollout that is still open then is left open. */
  readonly horizonMs: number;
};

export type PlayedRollout = {
  /** `undecided`: a person's turn, who does not come in a rehearsal. `open`: the horizon came first. */
  readonly end: "rolled_back" | "promoted" | "undecided" | "open";
  readonly stageIndex: number;
  /** Since the harm began; since the start where there is none. */
  readonly hours: number;
  /** Since the start. */
  readonly totalHours: number;
  /** Requests that the candidate answered to people since the harm began. */
  readonly exposed: number;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * Looks come every minute at first, as in the live loop, and then whenever the evidence since the harm
 * began (since the start, where there is none) has grown by 4%. In the first 25 minutes nothing is lost;
 * afterwards a decision is seen with at most 4% more evidence than by the minute. Fewer looks can only
 * decide later, never more often wrongly.
 */
const GROWTH_PER_LOOK = 0.04;
const LEAST_STEP_MS = MINUTE_MS;
const MOST_STEP_MS = 2 * HOUR_MS;

/** A shared outage lasts this long. */
const OUTAGE_MS = 30 * MINUTE_MS;
/** How far into the first live stage an onset or an outage comes when the stage has no least duration. */
const LEAST_DELAY_MS = 10 * MINUTE_MS;

/** Plays one rollout from its start, by the same judge and transition function as a live one. */
export function playRollout(input: PlayInput): PlayedRollout {
  const { scenario, requestsPerHour } = input;
  const needs = timeNeedsOf(input.strategy.criteria, input.metrics);
  const traffic = createTraffic({ ...input, needs });
  let rollout = startedRollout(input.strategy);
  let nowMs = 0;
  let exposed = 0;
  let gathered = 0;
  let event: WrongTime = eventTimes(input, rollout, null);
  for (;;) {
    const stage = currentStage(rollout) as Stage;
    const { stageIndex, enteredAtMs } = rollout.state as InStage;
    event = eventTimes(input, rollout, event);
    if (nowMs === event.fromMs) gathered = 0;
    const perMs = evidencePerMs(input, stage);
    const growthMs = perMs > 0 ? (gathered * GROWTH_PER_LOOK) / perMs : MOST_STEP_MS;
    const untilMs = nextLook(input, { nowMs, enteredAtMs, stage, event, growthMs });
    const seconds = (untilMs - nowMs) / 1_000;
    gathered += perMs * (untilMs - nowMs);
    const condition = conditionAt(scenario, event, nowMs);
    traffic.mature(seconds);
    if (stage.kind !== "staging") {
      const step = { stage, stageIndex, requestsPerHour, condition, fromMs: nowMs, untilMs };
      const answered = traffic.draw(step);
      if (scenario.kind === "harmless" || nowMs >= (event.fromMs ?? 0)) exposed += answered;
    }
    nowMs = untilMs;
    const evidence = traffic.evidence();
    const { outcome } = judge({
      rollout,
      event: { kind: "tick" },
      gate: gateInputOf(rollout, evidence, input.metrics),
      // Test traffic is not invented; a staging stage is taken to have had what it asks for.
      stageObservations:
        stage.kind === "staging"
          ? stage.least.observations
          : stageObservationsOf(rollout, evidence),
      nowMs,
    });
    if (outcome.kind === "decided") {
      rollout = { ...rollout, state: outcome.next, version: rollout.version + 1 };
    }
    const end = endOf(rollout, nowMs >= input.horizonMs);
    if (end !== null) {
      const since = scenario.kind === "harmless" ? 0 : Math.min(nowMs, event.fromMs ?? 0);
      const hours = (nowMs - since) / HOUR_MS;
      return { end, stageIndex, hours, totalHours: nowMs / HOUR_MS, exposed };
    }
  }
}

type InStage = { readonly stageIndex: number; readonly enteredAtMs: number };

/** Started, and with every approval given: how long people take is not what is rehearsed. */
function startedRollout(strategy: Strategy): Rollout {
  return {
    id: rolloutId("roll_rehearsal"),
    feature: "rehearsal",
    tier: 3,
    baseline: releaseId("rehearsal", 1),
    candidate: releaseId("rehearsal", 2),
    strategy,
    algorithm: "none",
    author: "rehearsal",
    createdAtMs: 0,
    state: { kind: "progressing", stageIndex: 0, enteredAtMs: 0 },
    approvals: strategy.stages.map((_, stageIndex) => ({ stageIndex, by: "approver", atMs: 0 })),
    version: 1,
  };
}

/** When what the scenario is about begins and ends; null while the first live stage has not begun. */
type WrongTime = { readonly fromMs: number | null; readonly untilMs: number };

function eventTimes(input: PlayInput, rollout: Rollout, known: WrongTime | null): WrongTime {
  const { scenario } = input;
  if (scenario.onset === "start" && scenario.kind !== "outage") {
    return { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };
  }
  if (known !== null && known.fromMs !== null) return known;
  const stage = currentStage(rollout);
  const { state } = rollout;
  if (stage === null || stage.shareBps === 0 || !("enteredAtMs" in state)) {
    return { fromMs: null, untilMs: Number.POSITIVE_INFINITY };
  }
  const half = Math.max(LEAST_DELAY_MS, (stage.least.durationSeconds * 1_000) / 2);
  const fromMs = state.enteredAtMs + half;
  const isOutage = scenario.kind === "outage";
  return { fromMs, untilMs: isOutage ? fromMs + OUTAGE_MS : Number.POSITIVE_INFINITY };
}

function conditionAt(
  scenario: Scenario,
  event: WrongTime,
  nowMs: number,
): "well" | "harmed" | "outage" {
  const isNow = event.fromMs !== null && nowMs >= event.fromMs && nowMs < event.untilMs;
  if (!isNow) return "well";
  return scenario.kind === "outage" ? "outage" : "harmed";
}

/** The next look, not beyond a moment at which something changes. */
function nextLook(
  input: PlayInput,
  at: {
    readonly nowMs: number;
    readonly enteredAtMs: number;
    readonly stage: Stage;
    readonly event: WrongTime;
    /** After this time the evidence has grown by as much as a look may miss. */
    readonly growthMs: number;
  },
): number {
  const { nowMs, enteredAtMs, stage, event } = at;
  const grownMs = Math.round(at.growthMs / 1_000) * 1_000;
  const stepMs = Math.min(MOST_STEP_MS, Math.max(LEAST_STEP_MS, grownMs));
  const changes = [
    enteredAtMs + stage.least.durationSeconds * 1_000,
    enteredAtMs + (stage.mostSeconds ?? Number.POSITIVE_INFINITY) * 1_000,
    event.fromMs ?? Number.POSITIVE_INFINITY,
    event.untilMs,
    input.horizonMs,
  ].filter((change) => change > nowMs);
  return Math.min(nowMs + stepMs, ...changes);
}

/** Answers of the candidate, or pairs, to be expected in a millisecond of a stage. */
function evidencePerMs({ requestsPerHour }: PlayInput, stage: Stage): number {
  const share = stage.kind === "staging" ? 0 : Math.max(stage.shareBps, stage.shadowBps);
  return (requestsPerHour * share) / 10_000 / HOUR_MS;
}

function endOf(rollout: Rollout, isOver: boolean): PlayedRollout["end"] | null {
  const { state } = rollout;
  if (state.kind === "completed") return "promoted";
  if (state.kind === "rolled_back") return state.cause === "gate" ? "rolled_back" : "undecided";
  if (state.kind === "held" && state.code === "undecided") return "undecided";
  return isTerminal(state) || isOver ? "open" : null;
}
