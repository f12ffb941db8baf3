import { effectiveUnits } from "../statistics/effective-units.ts";
import { SAMPLE_RATIO_ALARM_ODDS } from "../statistics/sample-ratio.ts";
import type { EventSplit } from "../statistics/split-difference.ts";
import { splitDifferenceLogE } from "../statistics/split-difference.ts";
import { TOP_BIN } from "./bins.ts";
import { ALL_TRAFFIC } from "./evidence.ts";
import { hasLateEvents } from "./late-events.ts";
import type { MetricDefinition } from "./metric.ts";
import { textOfCount, textOfPercent } from "./number-text.ts";
import type { ObservedRow, ObservedStratum } from "./observed-row.ts";
import { isRandomised, observeRow } from "./observed-row.ts";
import { sumUnits } from "./unit-bins.ts";
import type { GateInput, IntegrityWarning } from "./verdict.ts";

const PREFIX = "labels:late:";

/** Under which name evidence counts how late a metric's harmful events became known. No metric can be called so. */
export function labelLagsOf(metric: string): string {
  return `${PREFIX}${metric}`;
}

/** Of which metric a name of {@link labelLagsOf} counts the lags; null for any other name. */
export function metricOfLabelLags(name: string): string | null {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : null;
}

/**
 * What one label adds to the lags: 1 when it took longer than labels of the metric usually do, 0 when not; null
 * where it does not count. Only the outcome that is harm counts: an acceptance may be known at once and an edit
 * hours later, and then fewer edits would shift the lags of all labels, which is no flaw but what is hoped for.
 */
export function labelLag(
  metric: MetricDefinition,
  label: { readonly value: number; readonly lagMs: number },
): 0 | 1 | null {
  if (!hasLateEvents(metric)) return null;
  const isEvent = label.value >= 0.5;
  if (isEvent !== (metric.direction === "lower_is_better")) return null;
  return label.lagMs > (metric.expectedDelaySeconds ?? 0) * 1_000 ? 1 : 0;
}

/**
 * Events that become known later on one arm are missed there so far, and the arm looks better than it is. The
 * share of late ones among an arm's events must be the same for both, whatever their number: otherwise the
 * rates known so far cannot be compared to advance (statistics of delayed feedback).
 *
 * Stages have splits of their own and are independent, so their e-values multiply. Events of units that come
 * more than once count for as many as there are units at least.
 */
export function labelLagWarnings(
  input: Pick<GateInput, "evidence" | "metrics" | "stage">,
): readonly IntegrityWarning[] {
  const judged = new Set(input.metrics.map(({ name }) => name));
  return input.evidence.metrics.flatMap((entry) => {
    const metric = metricOfLabelLags(entry.metric);
    if (metric === null || !judged.has(metric) || entry.slice !== ALL_TRAFFIC) return [];
    const row = observeRow(entry.strata);
    const logE = row.strata
      .filter(({ propensity }) => isRandomised(propensity))
      .reduce((sum, stratum) => sum + stratumLogE(stratum), 0);
    if (logE < Math.log(SAMPLE_RATIO_ALARM_ODDS)) return [];
    const sentence = sentenceOf(metric, row);
    return [{ kind: "label_lag_shift" as const, stageIndex: input.stage.index, sentence }];
  });
}

function stratumLogE(stratum: ObservedStratum): number {
  const share = independentShare(stratum);
  const kinds = [lateOf(stratum), earlyOf(stratum)].map(({ candidate, baseline }) => ({
    candidate: candidate * share,
    baseline: baseline * share,
  }));
  return splitDifferenceLogE(kinds, stratum.propensity);
}

function independentShare({ candidateUnits, baselineUnits }: ObservedStratum): number {
  const { counts } = sumUnits([candidateUnits, baselineUnits]);
  const observations = counts.reduce((sum, count) => sum + count, 0);
  return observations === 0 ? 1 : Math.min(1, effectiveUnits(counts) / observations);
}

const lateOf = ({ candidate, baseline }: ObservedStratum): EventSplit => ({
  candidate: candidate.countFrom(TOP_BIN),
  baseline: baseline.countFrom(TOP_BIN),
});

function earlyOf(stratum: ObservedStratum): EventSplit {
  const late = lateOf(stratum);
  return {
    candidate: stratum.candidate.total - late.candidate,
    baseline: stratum.baseline.total - late.baseline,
  };
}

function sentenceOf(metric: string, { strata }: ObservedRow): string {
  const shareOf = (arm: keyof EventSplit): string => {
    const late = strata.reduce((sum, of) => sum + lateOf(of)[arm], 0);
    const all = strata.reduce((sum, of) => sum + of[arm].total, 0);
    return `${textOfCount(late)} of ${textOfCount(all)} of the ${arm} (${textOfPercent(late / Math.max(1, all))})`;
  };
  return (
    `What counts against ${metric} becomes known at other times on the two arms: later than usual were ` +
    `${shareOf("candidate")} and ${shareOf("baseline")}. What is known so far of one arm is then less than of ` +
    `the other, and cannot be trusted to advance.`
  );
}
