import { rejectByEBenjaminiHochberg } from "../statistics/e-bh.ts";
import { logSumExp } from "../statistics/log-sum-exp.ts";
import type { AssessedRow } from "./assessed-row.ts";
import { assessRow, compiledOf } from "./assess-row.ts";
import { leftByUnits } from "./cancellations.ts";
import type { Criterion, GateConfidence } from "./criterion.ts";
import { ALL_TRAFFIC } from "./evidence.ts";
import { rowsByCriterion } from "./gate-rows.ts";
import type { ObservedRow } from "./observed-row.ts";
import { gateSentence } from "./gate-sentence.ts";
import { integrityWarnings, isInvalidating } from "./integrity.ts";
import { labelDelays } from "./label-delays.ts";
import { labelLagWarnings } from "./label-lags.ts";
import { lazy } from "./lazy.ts";
import type { JudgedRow, Together } from "./judge-row.ts";
import { compareJudged, isProvenSafe, judgedRow, objectionTo } from "./judge-row.ts";
import { rowSentence } from "./row-sentence.ts";
import { rowWeights } from "./row-weights.ts";
import { GATE_METHOD } from "./gate-method.ts";
import { evidenceState, verdictOfRow } from "./verdict-of-row.ts";
import type {
  GateInput,
  GateReport,
  IntegrityWarning,
  OpenCheck,
  Verdict,
  VerdictKind,
} from "./verdict.ts";

/**
 * Judges all criteria on all slices from the evidence so far. Total, deterministic, and independent of
 * the order in which evidence was merged. May be called as often as wanted: every test is an
 * e-process, so looking does not cost anything.
 *
 * Rollback (`fail`): the weighted average of the rows' e-values against "no harm" reaches 1/alpha and
 * the one against "harm within the hold level" reaches 1/alphaBlock; or a zero-tolerance event was
 * confirmed. An average is an e-value under any dependence, so the first bounds the chance of taking
 * back a candidate that is nowhere worse by alpha, over all rows and looks (Ville 1939), and the second
 * the chance for one nowhere worse than its hold levels by alphaBlock.
 *
 * Pass: every row by itself has 1/alphaPromote against "harm at or above the stage's margin", none
 * holds, and no warning invalidates the split. An intersection needs no correction for many rows.
 *
 * @param review Criteria that ask for a person: whatever they show, it holds the rollout and never takes it
 *   back, so they are in no average.
 */
export function assessGate(input: GateInput, review: readonly Criterion[] = []): GateReport {
  const decisive = assessRows(input, input.criteria);
  // Those that decide come first, so that a row has the same index among them and among all.
  const rows = [...decisive, ...assessRows(input, review, true)];
  const weights = weightsOf(decisive, input.sliceSlots ?? input.slices.length);
  const logHarm = combine(decisive, weights, (row) => row.logHarm);
  const logBlock = lazy(() => combine(decisive, weights, blockedOf));
  const warnings = warningsOf(input, decisive);
  const failed = failedRows(decisive, { logHarm, logBlock, confidence: input.confidence });
  const isAmber = logHarm >= Math.log(input.confidence.amberOdds);
  const together = { confidence: input.confidence, isAmber };
  const { verdict, worst } = verdictOver(rows, { failed, warnings, together });
  const toVerdict = (of: JudgedRow): Verdict => verdictOfRow(of.row, of.verdict, input.confidence);
  const culprit = worst === null ? null : toVerdict(worst);
  const judged = lazy(() =>
    rows
      .map((row, index) => judgedRow(row, { ...together, hasFailed: failed.has(index) }))
      .toSorted((left, right) => compareJudged(left, right)),
  );
  const verdicts = lazy(() => judged().map(toVerdict));
  const open = lazy(() => openChecks(judged()));
  const sentence = lazy(() => gateSentence({ verdict, judged, warnings, worst }));
  // What is for people and for the record is computed when it is read: storing or comparing reads it.
  return {
    verdict,
    criteria: [...input.criteria, ...review].map(({ id }) => id),
    get verdicts() {
      return verdicts();
    },
    get open() {
      return open();
    },
    delays: labelDelays({ ...input, criteria: [...input.criteria, ...review] }),
    warnings,
    culprit,
    logHarm,
    get logBlock() {
      return logBlock();
    },
    get sentence() {
      return sentence();
    },
    method: GATE_METHOD,
  };
}

function warningsOf(
  input: GateInput,
  decisive: readonly AssessedRow[],
): readonly IntegrityWarning[] {
  const split = integrityWarnings(input.evidence.exposures, {
    stageIndex: input.stage.index,
    unitSplits: decisive
      .filter(({ slice }) => slice === ALL_TRAFFIC)
      .map(({ unitSplit }) => unitSplit)
      .filter((of) => of !== null),
    left: leftByUnits(input.evidence),
  });
  return [...split, ...labelLagWarnings(input)];
}

/** Sentences are computed when they are read; only the first few of many are. */
function openChecks(judged: readonly JudgedRow[]): readonly OpenCheck[] {
  return judged
    .filter(({ verdict }) => verdict !== "pass")
    .map(({ row, verdict }) => ({
      criterionId: row.criterion.id,
      verdict,
      evidence: evidenceState(row),
      get sentence() {
        return rowSentence(row, verdict);
      },
    }));
}

function assessRows(
  input: GateInput,
  criteria: readonly Criterion[],
  isReview: boolean = false,
): readonly AssessedRow[] {
  const metrics = new Map(input.metrics.map((metric) => [metric.name, metric]));
  const rowOf = rowsByCriterion(input);
  const slices = [...new Set(input.slices)].filter((slice) => slice !== ALL_TRAFFIC);
  const { confidence } = input;
  const paceOf = pacesOf(input);
  const { nextShareBps } = input.stage;
  const liveFrom = input.liveFromStage ?? null;
  return criteria.flatMap((criterion) => {
    const metric = metrics.get(criterion.metric);
    const compiled = compiledOf(criterion, metric, nextShareBps);
    return [ALL_TRAFFIC, ...(criterion.perSlice ? slices : [])].map((slice) => {
      const row = rowOf(criterion, slice);
      const perHour = paceOf(row);
      return assessRow({
        criterion,
        metric,
        compiled,
        slice,
        row,
        confidence,
        perHour,
        isReview,
        liveFrom,
      });
    });
  });
}

/** A row's part of the stage's traffic, by its part of all observations so far. */
function pacesOf({ stage, evidence }: GateInput): (row: ObservedRow) => number | null {
  const { observationsPerHour } = stage;
  let candidate = 0;
  let pairs = 0;
  for (const exposure of evidence.exposures) {
    candidate += exposure.candidate;
    pairs += exposure.pairs;
  }
  return (row) => {
    if (observationsPerHour === null) return null;
    const isPaired = row.pairCount > row.candidateCount;
    const [seen, all] = isPaired ? [row.pairCount, pairs] : [row.candidateCount, candidate];
    return all > 0 ? observationsPerHour * Math.min(1, seen / all) : observationsPerHour;
  };
}

/** The weights of {@link rowWeights} for each row, and what is left for slices that have not turned up. */
function weightsOf(rows: readonly AssessedRow[], slots: number): Weights {
  const tested = rows.flatMap((row) =>
    row.slice === ALL_TRAFFIC && isTested(row) ? [row.criterion] : [],
  );
  const { whole, slice } = rowWeights(tested, slots);
  const ofRows = rows.map((row) => {
    if (!isTested(row)) return 0;
    return row.slice === ALL_TRAFFIC ? whole : slice;
  });
  const given = ofRows.reduce((sum, weight) => sum + weight, 0);
  // Below what rounding leaves behind, no place is empty.
  const rest = 1 - given;
  return { ofRows, empty: tested.length > 0 && rest > 1e-9 ? rest : 0 };
}

type Weights = {
  readonly ofRows: readonly number[];
  /** Of the places without a row. */
  readonly empty: number;
};

const isTested = (row: AssessedRow): boolean => row.outcome.kind === "tested";

/** ln of the weighted average of the rows' e-values (Vovk and Wang 2021, section 3). */
function combine(
  rows: readonly AssessedRow[],
  weights: Weights,
  logOf: (row: AssessedRow) => number,
): number {
  const terms: number[] = [];
  for (let index = 0; index < rows.length; index += 1) {
    const weight = weights.ofRows[index] as number;
    if (weight > 0) terms.push(Math.log(weight) + logOf(rows[index] as AssessedRow));
  }
  if (weights.empty > 0) terms.push(Math.log(weights.empty));
  return terms.length === 0 ? 0 : logSumExp(terms);
}

/**
 * What a row says against "harm within the hold level". A limit's block test is about the candidate alone,
 * and says as much when both releases are beyond the limit; harm within the hold level means there that
 * either half is not so, and the smaller of two e-values is one under either null. Without this an outage
 * that both share would lend its evidence to a small harm of another row.
 */
function blockedOf(row: AssessedRow): number {
  const logBlock = row.logBlock();
  return row.criterion.comparison.kind === "limit" ? Math.min(logBlock, row.logHarm) : logBlock;
}

type FailedRows = { readonly culprit: number; readonly has: (index: number) => boolean };

const NONE_FAILED: FailedRows = { culprit: -1, has: () => false };

/**
 * Which rows a rollback is because of. A confirmed zero-tolerance event comes first. Otherwise the
 * culprit is the row that is furthest beyond both thresholds, and further rows are named by e-BH, so
 * that the expected share of innocent ones among the named is at most alpha.
 */
function failedRows(
  rows: readonly AssessedRow[],
  combined: {
    readonly logHarm: number;
    readonly logBlock: () => number;
    readonly confidence: GateConfidence;
  },
): FailedRows {
  const { alpha, alphaBlock } = combined.confidence;
  const harmNeeded = Math.log(1 / alpha);
  const blockNeeded = Math.log(1 / alphaBlock);
  const events = [...rows.keys()].filter((index) => hasConfirmedEvent(rows[index] as AssessedRow));
  const isProven = combined.logHarm >= harmNeeded && combined.logBlock() >= blockNeeded;
  if (!isProven) {
    const first = events[0];
    return first === undefined
      ? NONE_FAILED
      : { culprit: first, has: (index) => events.includes(index) };
  }
  const excess = rows.map((row) =>
    row.outcome.kind === "tested"
      ? Math.min(row.logHarm - harmNeeded, blockedOf(row) - blockNeeded)
      : Number.NEGATIVE_INFINITY,
  );
  const worst = excess.indexOf(Math.max(...excess));
  const named = rejectByEBenjaminiHochberg(
    rows.map((row) => row.logHarm),
    alpha,
  ).filter((index) => blockedOf(rows[index] as AssessedRow) >= blockNeeded);
  const failed = new Set([...events, worst, ...named]);
  return { culprit: events[0] ?? worst, has: (index) => failed.has(index) };
}

function hasConfirmedEvent(row: AssessedRow): boolean {
  return row.outcome.kind === "zero_tolerance" && row.outcome.confirmedEvents > 0;
}

/**
 * The verdict over all rows, and the row that a rollback or a hold is because of, the worst of them. Rows
 * are asked for their proof of safety only if none speaks against the candidate, and only until one has none.
 */
function verdictOver(
  rows: readonly AssessedRow[],
  of: {
    readonly failed: FailedRows;
    readonly warnings: readonly IntegrityWarning[];
    readonly together: Omit<Together, "hasFailed">;
  },
): { readonly verdict: VerdictKind; readonly worst: JudgedRow | null } {
  const { failed, warnings } = of;
  const culprit = rows[failed.culprit];
  if (culprit !== undefined) {
    return { verdict: "fail", worst: judgedRow(culprit, { ...of.together, hasFailed: true }) };
  }
  const together: Together = { ...of.together, hasFailed: false };
  const worst =
    rows
      .filter((row) => objectionTo(row, together) !== null)
      .map((row): JudgedRow => judgedRow(row, together))
      .toSorted(compareJudged)[0] ?? null;
  if (worst !== null || warnings.some(isInvalidating)) return { verdict: "hold", worst };
  // A gate without criteria has proven nothing.
  const isProven = rows.length > 0 && rows.every((row) => isProvenSafe(row, together.confidence));
  return { verdict: isProven ? "pass" : "inconclusive", worst };
}
