import type { ArmHistory, History } from "./history.ts";

// Kayenta's judge: a confidence interval of 98%, and a tolerance of a quarter of the estimated shift.
const Z_CONFIDENCE = 2.3263478740408408;
const TOLERANCE = 0.25;
// Down to a 65,000th of the range of the values.
const BISECTIONS = 16;

/**
 * Mann-Whitney as Kayenta's NetflixACAJudge uses it: per-minute means of both arms are two samples, and
 * the metric fails when the whole 98% interval of their shift lies beyond a quarter of the estimated
 * shift. That is asked as "is the test at that very shift rejected", which needs no interval.
 */
export function createKayenta(minutes: number) {
  const experiment = new SortedSample(minutes);
  const control = new SortedSample(minutes);
  return {
    observe(history: History): void {
      append(experiment, history.candidate, history.minute);
      append(control, history.baseline, history.minute);
    },
    fails(): boolean {
      if (experiment.size < 2 || control.size < 2) return false;
      // The tolerance is positive, so a test that is not even rejected at 0 settles it.
      if (zOfShift(experiment, control, 0) <= Z_CONFIDENCE) return false;
      const tolerance = TOLERANCE * positiveShift(experiment, control);
      return zOfShift(experiment, control, tolerance) > Z_CONFIDENCE;
    },
  };
}

/** Ascending values, one more at a time. */
class SortedSample {
  readonly values: Float64Array;
  size = 0;

  constructor(capacity: number) {
    this.values = new Float64Array(capacity);
  }

  insert(value: number): void {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.values[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    this.values.copyWithin(low + 1, low, this.size);
    this.values[low] = value;
    this.size += 1;
  }
}

function append(sample: SortedSample, arm: ArmHistory, minute: number): void {
  const count = (arm.count[minute] as number) - (arm.count[minute - 1] as number);
  if (count === 0) return;
  sample.insert(((arm.sum[minute] as number) - (arm.sum[minute - 1] as number)) / count);
}

/**
 * The Hodges-Lehmann estimate of a shift that is known to be positive: where the rank statistic is what
 * chance expects.
 */
function positiveShift(experiment: SortedSample, control: SortedSample): number {
  let low = 0;
  let high = (experiment.values[experiment.size - 1] as number) - (control.values[0] as number);
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    if (zOfShift(experiment, control, middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Standardised Mann-Whitney statistic of experiment - shift against control. */
function zOfShift(experiment: SortedSample, control: SortedSample, shift: number): number {
  const [n, m] = [experiment.size, control.size];
  const [left, right] = [experiment.values, control.values];
  let i = 0;
  let j = 0;
  let statistic = 0;
  let ties = 0;
  while (i < n) {
    const value = (left[i] as number) - shift;
    const firstI = i;
    while (i < n && (left[i] as number) - shift <= value) i += 1;
    while (j < m && (right[j] as number) < value) {
      const [firstJ, tied] = [j, right[j] as number];
      while (j < m && (right[j] as number) === tied) j += 1;
      ties += cubed(j - firstJ);
    }
    const firstJ = j;
    while (j < m && (right[j] as number) <= value) j += 1;
    statistic += (i - firstI) * (firstJ + (j - firstJ) / 2);
    ties += cubed(i - firstI + j - firstJ);
  }
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  return variance > 0 ? (statistic - (n * m) / 2) / Math.sqrt(variance) : 0;
}

function cubed(tied: number): number {
  return tied * tied * tied - tied;
}
