import type { RiskTier } from "../feature/feature.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { Criterion, GateConfidence, UndecidedAction } from "../gate/criterion.ts";

export const STAGE_KINDS = ["evaluate", "staging", "shadow", "canary", "ramp", "verify"] as const;

export type StageKind = (typeof STAGE_KINDS)[number];

/**
 * One stage of a strategy. The share is what the candidate answers; a shadow copy goes to whichever
 * arm did not answer, so a `verify` stage at 100% with shadow keeps the previous release comparable.
 */
export type Stage = {
  readonly kind: StageKind;
  /** Shown to people: "canary", "ramp 25%". Unique within the strategy. */
  readonly name: string;
  readonly shareBps: number;
  readonly shadowBps: number;
  /** What must be reached before the stage may be left; `need: "either"` takes the first of the two. */
  readonly least: {
    readonly durationSeconds: number;
    readonly observations: number;
    readonly need: "both" | "either";
  };
  /** After this long without a verdict the undecided policy acts; null = never by itself. */
  readonly mostSeconds: number | null;
  /** A person of this role, other than the author, must approve before the stage is entered. */
  readonly approval: "reviewer" | "operator" | "admin" | null;
  readonly onInconclusive: UndecidedAction;
  readonly onNoData: UndecidedAction;
  readonly onError: UndecidedAction;
  /**
   * The ring that a staging stage serves: whoever the feature's rules of this name list gets the
   * candidate from then on, while the share is for everybody else. In a shadow nobody gets it. Absent:
   * nobody in particular.
   */
  readonly ring?: string;
  /**
   * Ids of the criteria that must be proven safe before the stage may be left. Absent: all of them. Harm is
   * watched on every criterion in every stage, whatever stands here.
   */
  readonly prove?: readonly string[];
  /**
   * Ids of criteria that hold the stage for a person when they fail. A criterion that any stage names here
   * never takes a rollout back, and is judged only in the stages that name it.
   */
  readonly review?: readonly string[];
};

/** `extend` may repeat the longest duration of a stage this often; then it is a person's turn. */
export const MAX_EXTENSIONS = 3;

/** Who gets the same arm throughout. An attribute of the user's own needs the feature's policy. */
export const STRATEGY_UNITS = ["request", "conversation", "user", "tenant"] as const;

export type StrategyUnit = (typeof STRATEGY_UNITS)[number];
/** What the rehearsal of a strategy must show; see rehearsal-bounds.ts for the file. Null: not bounded. */
export type RehearsalBounds = {
  /** A harm at `at` times its level is taken back within this time of its beginning... */
  readonly knownWithinSeconds: number | null;
  readonly at: 1 | 2 | 5;
  /** ...with at least this chance. */
  readonly chance: number;
  /** So many answers of a candidate with that harm reach people at most, in 95% of all rollouts. */
  readonly mostExposed: number | null;
  /** Share of harmless candidates that are taken back, 0..1. */
  readonly falseRollback: number | null;
};

/** A strategy is data: read, copied, frozen with the rollout. */
export type Strategy = {
  readonly name: string;
  readonly description: string;
  readonly stages: readonly Stage[];
  readonly criteria: readonly Criterion[];
  readonly confidence: GateConfidence;
  /** How long a person has to decide an undecided rollout before it is taken back. */
  readonly personGraceSeconds: number;
  /** What is assigned to an arm as one, in place of the feature's own unit. Absent: the feature's. */
  readonly unit?: StrategyUnit;
  /**
   * What the baseline usually shows of a metric, in the metric's unit, frozen before the start: it takes the
   * place of the catalogue's guess, and is the only way to judge how a latency moves.
   */
  readonly expected?: Readonly<Record<string, number>>;
  /**
   * The slices that have a weight in the harm average, as "attribute=value", frozen before the start.
   * Absent: nothing was known of them; see judged-slices.ts.
   */
  readonly slices?: readonly string[];
  /**
   * What the criteria judge that no catalogue defines: metrics of the feature, frozen before the start.
   * Absent: nothing.
   */
  readonly metrics?: readonly MetricDefinition[];
  /** What its rehearsal must show; absent: nothing. */
  readonly rehearsal?: RehearsalBounds;
  /** Whether a rollout is made although the traffic cannot decide a criterion; absent: with a warning. */
  readonly undecidable?: "refuse";
};

export type StrategyProblem = { readonly path: string; readonly message: string };

/** What makes a strategy unfit to start, for a feature of this tier. Empty: fit. */
export function strategyProblems(strategy: Strategy, tier: RiskTier): StrategyProblem[] {
  return [
    ...orderProblems(strategy.stages),
    ...strategy.stages.flatMap(stageProblems),
    ...strategy.stages.flatMap(durationProblems),
    ...criteriaProblems(strategy),
    ...strategy.stages.flatMap((stage, index) => namedCriteriaProblems(strategy, stage, index)),
    ...tierProblems(strategy, tier),
  ];
}

function orderProblems(stages: readonly Stage[]): StrategyProblem[] {
  if (stages.length === 0) {
    return [{ path: "stages", message: "A strategy needs at least one stage; none was found." }];
  }
  const problems: StrategyProblem[] = [];
  stages.forEach((stage, index) => {
    const before = stages[index - 1];
    if (before === undefined) return;
    const path = `stages[${index}]`;
    if (STAGE_KINDS.indexOf(stage.kind) < STAGE_KINDS.indexOf(before.kind)) {
      const message = `Stages go backwards: "${stage.kind}" stands after "${before.kind}". Wanted the order ${STAGE_KINDS.join(", ")}.`;
      problems.push({ path, message });
    } else if (stage.shareBps < before.shareBps) {
      const message = `Stages go backwards: the share falls from ${percent(before.shareBps)} (${before.name}) to ${percent(stage.shareBps)} (${stage.name}). A share may only grow; taking back is what a rollback is for.`;
      problems.push({ path: `${path}.share`, message });
    }
    if (stages.findIndex((other) => other.name === stage.name) !== index) {
      problems.push({
        path: `${path}.name`,
        message: `Two stages are named "${stage.name}"; names must differ.`,
      });
    }
  });
  const last = stages.at(-1);
  if (last !== undefined && last.shareBps !== 10_000) {
    const message = `The last stage serves ${percent(last.shareBps)} of the traffic. Wanted 100%, so that a complete rollout has been seen whole.`;
    problems.push({ path: `stages[${stages.length - 1}].share`, message });
  }
  return problems;
}

function stageProblems(stage: Stage, index: number): StrategyProblem[] {
  const path = `stages[${index}]`;
  const problems: StrategyProblem[] = [];
  const shares = [
    ["share", stage.shareBps],
    ["shadow", stage.shadowBps],
  ] as const;
  for (const [name, found] of shares) {
    if (!Number.isInteger(found) || found < 0 || found > 10_000) {
      problems.push({
        path: `${path}.${name}`,
        message: `Found ${found / 100}%, wanted 0% to 100% in steps of 0.01%.`,
      });
    }
  }
  if (stage.kind === "shadow" && stage.shadowBps === 0) {
    problems.push({
      path: `${path}.shadow`,
      message:
        "A shadow stage that copies 0% of the requests compares nothing. Wanted a share above 0%.",
    });
  }
  if (stage.kind === "shadow" && stage.shareBps > 0) {
    problems.push({
      path: `${path}.share`,
      message: "Nobody may be answered by the candidate in a shadow stage. Wanted a share of 0%.",
    });
  }
  if ((stage.kind === "canary" || stage.kind === "ramp") && stage.shareBps === 0) {
    problems.push({
      path: `${path}.share`,
      message: `A ${stage.kind} at 0% shows the candidate to nobody. Wanted a share above 0%.`,
    });
  }
  return problems;
}

/** A longest duration below the least would make every run of the stage undecided. */
function durationProblems(stage: Stage, index: number): StrategyProblem[] {
  const { durationSeconds } = stage.least;
  if (stage.mostSeconds === null || stage.mostSeconds >= durationSeconds) return [];
  const message = `${stage.name} lasts at most ${stage.mostSeconds} s and at least ${durationSeconds} s. Wanted a longest duration not below the least.`;
  return [{ path: `stages[${index}].most`, message }];
}

/** Names of criteria that a stage writes down must exist, and be judged where they are to be proven. */
function namedCriteriaProblems(strategy: Strategy, stage: Stage, index: number): StrategyProblem[] {
  const known = strategy.criteria.map((criterion) => criterion.id);
  const reviewed = reviewedCriteria(strategy);
  const problems: StrategyProblem[] = [];
  for (const key of ["prove", "review"] as const) {
    for (const id of stage[key] ?? []) {
      if (known.includes(id)) continue;
      const message = `Found "${id}", which the gate has no criterion of. Wanted one of ${known.join(", ")}.`;
      problems.push({ path: `stages[${index}].${key}`, message });
    }
  }
  for (const id of stage.prove ?? []) {
    if (!reviewed.has(id) || (stage.review ?? []).includes(id)) continue;
    const message = `Found "${id}", which is under review in another stage and not judged in this one. Wanted it in "review" too, or left out.`;
    problems.push({ path: `stages[${index}].prove`, message });
  }
  if (stage.ring !== undefined && stage.kind !== "staging") {
    const message = `Found a ring in a ${stage.kind} stage. Wanted it in a staging stage: who is picked by name is no random sample, so nothing can be proven there.`;
    problems.push({ path: `stages[${index}].ring`, message });
  }
  return problems;
}

/** Criteria that a person reviews: they hold, and never take back. The same in every stage. */
export function reviewedCriteria(strategy: Strategy): ReadonlySet<string> {
  return new Set(strategy.stages.flatMap((stage) => stage.review ?? []));
}

function criteriaProblems(strategy: Strategy): StrategyProblem[] {
  const { criteria } = strategy;
  if (criteria.length === 0) {
    const message =
      'A strategy without criteria can never decide. Wanted at least one, for example quality: { hold: "-5%", rollback: "-10%" }.';
    return [{ path: "gate", message }];
  }
  const reviewed = reviewedCriteria(strategy);
  if (criteria.some(({ id }) => !reviewed.has(id))) return [];
  const list = criteria.map(({ id }) => id).join(", ");
  const message = `All criteria are under review (${list}), so nothing would ever take a candidate back. Wanted at least one that no stage names in "review".`;
  return [{ path: "gate", message }];
}

function tierProblems(strategy: Strategy, tier: RiskTier): StrategyProblem[] {
  if (tier !== 1 || strategy.stages.some((stage) => stage.kind === "shadow")) return [];
  const message = "A tier 1 feature cannot skip shadow. Wanted a shadow stage before the canary.";
  return [{ path: "stages", message }];
}

/** 1000 -> "10%", 12 -> "0.12%". */
export function percent(bps: number): string {
  return `${Number((bps / 100).toFixed(2))}%`;
}
