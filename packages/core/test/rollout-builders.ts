import type { Criterion } from "../src/gate/criterion.ts";
import type { EvidenceState, GateReport, Verdict, VerdictKind } from "../src/gate/verdict.ts";
import { releaseId } from "../src/release/release.ts";
import type { DecideOutcome } from "../src/rollout/decision.ts";
import type { Rollout } from "../src/rollout/rollout.ts";
import { rolloutId } from "../src/rollout/rollout.ts";
import type { Stage, StageKind, Strategy } from "../src/rollout/strategy.ts";
import { withTransition } from "../src/rollout/transition.ts";

export const HOUR = 3_600;

const SHARES: Readonly<Record<StageKind, number>> = {
  evaluate: 0,
  staging: 0,
  shadow: 0,
  canary: 1_000,
  ramp: 5_000,
  verify: 10_000,
};

export function stage(kind: StageKind, parts: Partial<Stage> = {}): Stage {
  return {
    kind,
    name: kind,
    shareBps: SHARES[kind],
    shadowBps: kind === "shadow" ? 10_000 : 0,
    least: { durationSeconds: HOUR, observations: 10, need: "both" },
    mostSeconds: null,
    approval: null,
    onInconclusive: "hold",
    onNoData: "hold",
    onError: "hold",
    ...parts,
  };
}

function criterion(id: string): Criterion {
  return {
    id,
    metric: id,
    comparison: { kind: "relative", hold: 0.05, rollback: 0.1 },
    withinSeconds: null,
    perSlice: false,
    onInconclusive: "extend",
    onNoData: "extend",
    onError: "extend",
  };
}

export function strategy(stages: readonly Stage[], criteria = ["quality"]): Strategy {
  return {
    name: "test",
    description: "",
    stages,
    criteria: criteria.map(criterion),
    confidence: { alpha: 0.05, alphaBlock: 0.2, alphaPromote: 0.05, amberOdds: 3 },
    personGraceSeconds: 24 * HOUR,
  };
}

export const DEFAULT_STAGES = [stage("shadow"), stage("canary"), stage("verify")];

export function rollout(parts: Partial<Rollout> = {}): Rollout {
  return {
    id: rolloutId("r1"),
    feature: "summary",
    tier: 2,
    baseline: releaseId("summary", 1),
    candidate: releaseId("summary", 2),
    strategy: strategy(DEFAULT_STAGES),
    algorithm: "flagd-fractional-v2",
    author: "ada",
    createdAtMs: 0,
    state: { kind: "pending" },
    approvals: [],
    version: 1,
    ...parts,
  };
}

function verdictOf(verdict: VerdictKind, evidence: EvidenceState, id = "quality"): Verdict {
  return {
    criterionId: id,
    metric: id,
    slice: "*",
    verdict,
    evidence,
    estimate: null,
    interval: null,
    baselineMean: null,
    candidateMean: null,
    observations: { baseline: 0, candidate: 0, pairs: 0 },
    logHarm: 0,
    logBlock: 0,
    logSafety: 0,
    levels: { hold: 0.05, rollback: 0.1, margin: 0.05 },
    method: "test",
    sentence: `${id} is ${verdict} (${evidence}).`,
    moreObservations: null,
    hoursNeeded: null,
    newestAtMs: null,
  };
}

export function gateReport(
  verdict: VerdictKind,
  parts: {
    readonly evidence?: EvidenceState;
    readonly hasWarning?: boolean;
    readonly sentence?: string;
  } = {},
): GateReport {
  const judged = verdictOf(verdict, parts.evidence ?? "measured");
  const warning = {
    kind: "sample_ratio_mismatch" as const,
    stageIndex: 0,
    sentence: "The arms are not split as they should be.",
  };
  return {
    verdict,
    criteria: [judged.criterionId],
    verdicts: [judged],
    open: verdict === "pass" ? [] : [judged],
    delays: [],
    warnings: parts.hasWarning === true ? [warning] : [],
    culprit: verdict === "fail" ? judged : null,
    logHarm: 0,
    logBlock: 0,
    sentence: parts.sentence ?? judged.sentence,
    method: "test",
  };
}

const WORST_FIRST: readonly VerdictKind[] = ["fail", "hold", "inconclusive", "pass"];

/** A report with a row for each criterion; the gate's verdict is the worst of theirs. */
export function gateReportOf(
  rows: Readonly<Record<string, { verdict: VerdictKind; evidence?: EvidenceState }>>,
  parts: { readonly hasWarning?: boolean } = {},
): GateReport {
  const verdicts = Object.entries(rows)
    .map(([id, row]) => verdictOf(row.verdict, row.evidence ?? "measured", id))
    .toSorted(
      (left, right) => WORST_FIRST.indexOf(left.verdict) - WORST_FIRST.indexOf(right.verdict),
    );
  const verdict = verdicts[0]?.verdict ?? "inconclusive";
  const open = verdicts.filter((row) => row.verdict !== "pass");
  return { ...gateReport(verdict, parts), criteria: Object.keys(rows), verdicts, open };
}

/** The rollout after an outcome has been committed. */
export function after(before: Rollout, outcome: DecideOutcome): Rollout {
  return outcome.kind === "decided" ? withTransition(before, outcome) : before;
}
