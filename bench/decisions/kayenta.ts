import type { ArmHistory, History } from "./history.ts";

// Kayenta's judge: a confidence interval of 98%, and a tolerance of a quarter of the estimated shift.
const Z_CONFIDENCE = 2.3263478740408408;
const TOLERANCE = 0.25;
const BISECTIONS = 30;

/**
 * Mann-Whitney as Kayenta's NetflixACAJudge uses it: per-minute means of both arms are two samples, and
 * the metric fails when the whole 98% interval of their shift lies beyond a quarter of the estimated
 * shift. That is asked as "is the test at that very shift rejected", which needs no interval.
 */
export function createKayenta() {
  const experiment: number[] = [];
  const control: number[] = [];
  return {
    observe(history: History): void {
      append(experiment, history.candidate, history.minute);
      append(control, history.baseline, history.minute);
    },
    fails(): boolean {
      if (experiment.length < 2 || control.length < 2) return false;
      experiment.sort(ascending);
      control.sort(ascending);
      // The tolerance is positive, so a test that is not even rejected at 0 settles it.
      if (zOfShift(experiment, control, 0) <= Z_CONFIDENCE) return false;
      const tolerance = TOLERANCE * Math.abs(estimateShift(experiment, control));
      return zOfShift(experiment, control, tolerance) > Z_CONFIDENCE;
    },
  };
}

function append(values: number[], arm: ArmHistory, minute: number): void {
  const count = (arm.count[minute] as number) - (arm.count[minute - 1] as number);
  if (count === 0) return;
  values.push(((arm.sum[minute] as number) - (arm.sum[minute - 1] as number)) / count);
}

const ascending = (left: number, right: number): number => left - right;

/** The Hodges-Lehmann estimate: the shift at which the rank statistic is what chance expects. */
function estimateShift(experiment: readonly number[], control: readonly number[]): number {
  let low = (experiment[0] as number) - (control.at(-1) as number);
  let high = (experiment.at(-1) as number) - (control[0] as number);
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    if (zOfShift(experiment, control, middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Standardised Mann-Whitney statistic of experiment - shift against control, both ascending. */
function zOfShift(
  experiment: readonly number[],
  control: readonly number[],
  shift: number,
): number {
  const [n, m] = [experiment.length, control.length];
  let [i, j, statistic, ties] = [0, 0, 0, 0];
  while (i < n || j < m) {
    const next = i < n ? (experiment[i] as number) - shift : Number.POSITIVE_INFINITY;
    const value = Math.min(next, j < m ? (control[j] as number) : Number.POSITIVE_INFINITY);
    const [firstI, firstJ] = [i, j];
    while (i < n && (experiment[i] as number) - shift <= value) i += 1;
    while (j < m && (control[j] as number) <= value) j += 1;
    const [above, equal] = [i - firstI, j - firstJ];
    statistic += above * (firstJ + equal / 2);
    ties += (above + equal) ** 3 - (above + equal);
  }
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  return variance > 0 ? (statistic - (n * m) / 2) / Math.sqrt(variance) : 0;
}
