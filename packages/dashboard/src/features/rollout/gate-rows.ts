import type { GateReport, Strategy, Verdict } from "@spillway/contract";
import type { ComparisonKind, MetricUnit } from "@spillway/sdk";
import {
  comparisonKind,
  harmInWords,
  metricInWords,
  oddsInWords,
  unitOfMetric,
} from "@spillway/sdk";
import type { Light } from "../../ui/light.ts";
import { lightOf, severityOf } from "../../ui/light.ts";
import { durationInWords } from "../../ui/words.ts";
import { zeroOf } from "./harm.ts";
import type { Scale } from "./interval-scale.ts";
import { scaleOf } from "./interval-scale.ts";

export type GateRow = {
  readonly key: string;
  readonly criterion: string;
  /** The criterion as it was written down. */
  readonly rule: string | null;
  /** Null for all traffic. */
  readonly slice: string | null;
  readonly light: Light;
  /** Where the light's own word would say too much. */
  readonly word: string | null;
  readonly baseline: string;
  readonly candidate: string;
  readonly estimate: string;
  readonly interval: string;
  readonly counts: string;
  /** When the newest observation was made. */
  readonly newestAtMs: number | null;
  /** How long what is missing takes at this traffic: "about 3 hours more". */
  readonly needs: string | null;
  /** Evidence for "there is harm" and for "harm is inside the margin"; null before any measurement. */
  readonly harmOdds: string | null;
  readonly safetyOdds: string | null;
  readonly method: string;
  readonly sentence: string;
  readonly scale: Scale;
  /** The row in one pass, for a screen reader. */
  readonly spoken: string;
};

/** Every criterion on all traffic, then every slice, worst first. */
export function gateRows(
  report: GateReport,
  strategy: Strategy,
): { readonly overall: readonly GateRow[]; readonly slices: readonly GateRow[] } {
  const sorted = report.verdicts.toSorted(byHarm);
  const rows = sorted.map((verdict) => rowOf(verdict, report, strategy));
  return {
    overall: rows.filter((row) => row.slice === null),
    slices: rows.filter((row) => row.slice !== null),
  };
}

function rowOf(verdict: Verdict, report: GateReport, strategy: Strategy): GateRow {
  const criterion = strategy.criteria.find(({ id }) => id === verdict.criterionId);
  const kind = comparisonKind(criterion?.comparison);
  const unit = unitOfMetric(verdict.metric, strategy.metrics);
  const light = lightOf(verdict);
  const isMeasured = verdict.evidence === "measured";
  const estimate =
    verdict.estimate === null ? "not measured" : harmInWords(verdict.estimate, kind, unit);
  const interval = intervalInWords(verdict, kind, unit);
  const counts = countsInWords(verdict);
  const slice = verdict.slice === "*" ? null : verdict.slice;
  return {
    key: `${verdict.criterionId} ${verdict.slice}`,
    criterion: verdict.criterionId,
    rule: criterion?.sentence ?? null,
    slice,
    light,
    word: verdict.evidence === "no_data" ? "No data" : null,
    baseline: metricInWords(verdict.baselineMean, unit),
    candidate: metricInWords(verdict.candidateMean, unit),
    estimate,
    interval,
    counts,
    newestAtMs: verdict.newestAtMs ?? null,
    needs: needsInWords(verdict),
    harmOdds: isMeasured ? oddsInWords(verdict.logHarm) : null,
    safetyOdds: isMeasured ? oddsInWords(verdict.logSafety) : null,
    method: verdict.method,
    sentence: verdict.sentence,
    scale: scaleOf({
      peers: report.verdicts.filter((peer) => peer.criterionId === verdict.criterionId),
      verdict,
      zero: zeroOf(kind),
    }),
    spoken: `${verdict.criterionId}${slice === null ? "" : ` on ${slice}`}: harm ${estimate}, ${interval}, ${counts}: ${light}. Hold line ${levelInWords(verdict.levels.hold, kind, unit)}, rollback line ${levelInWords(verdict.levels.rollback, kind, unit)}, margin ${levelInWords(verdict.levels.margin, kind, unit)}.`,
  };
}

function levelInWords(level: number | null, kind: ComparisonKind, unit: MetricUnit): string {
  return level === null ? "none" : harmInWords(level, kind, unit);
}

function intervalInWords(verdict: Verdict, kind: ComparisonKind, unit: MetricUnit): string {
  const { interval } = verdict;
  if (interval === null) return verdict.evidence === "error" ? "error" : "no interval yet";
  const low = harmInWords(interval.low, kind, unit).replace(/ points$/, "");
  const level = Number((interval.level * 100).toFixed(1));
  return `${level}% ${low} to ${harmInWords(interval.high, kind, unit)}`;
}

function countsInWords({ observations }: Verdict): string {
  const { baseline, candidate, pairs } = observations;
  const shown = (n: number) => n.toLocaleString("en-US");
  if (pairs > 0 && baseline === 0 && candidate === 0) return `${shown(pairs)} pairs`;
  const arms = `${shown(baseline)} / ${shown(candidate)}`;
  return pairs > 0 ? `${arms}, ${shown(pairs)} pairs` : arms;
}

const HOUR_MS = 3_600_000;

function needsInWords({ hoursNeeded }: Verdict): string | null {
  if (hoursNeeded === undefined || hoursNeeded === null || hoursNeeded === 0) return null;
  return `about ${durationInWords(hoursNeeded * HOUR_MS)} more`;
}

function byHarm(a: Verdict, b: Verdict): number {
  return severityOf(lightOf(a)) - severityOf(lightOf(b)) || towardsRollback(b) - towardsRollback(a);
}

/** How far the estimate is on its way to the rollback line; unknown counts as far. */
function towardsRollback({ estimate, levels }: Verdict): number {
  if (estimate === null) return 0.5;
  return levels.rollback === 0 ? estimate : estimate / levels.rollback;
}
