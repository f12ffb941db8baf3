import type { MetricDefinition } from "./metric.ts";

/** Bins of a bounded metric run from 0 to this; a binary metric uses only the two ends. */
export const TOP_BIN = 100;
/** The logarithmic bin of zero and of everything too small to matter (2.2e-9). */
export const ZERO_BIN = -4000;
/** The largest logarithmic bin, about 2.1e17. */
const LARGEST_LOG_BIN = 8000;

/** Width of a logarithmic bin: 0.5%. At 2% the levels of a quantile's move were rounded by up to a fifth. */
export const LOG_BIN_WIDTH = Math.log(1.005);

/**
 * The bin of a value, or null for a value that is no number (it must not count as anything).
 *
 * - binary: 100 for 0.5 and above, else 0.
 * - bounded: the value's position in the metric's range in hundredths, clipped to the range.
 * - heavy_tailed, quantile: round(ln x / ln 1.005), so a bin is 0.5% wide; zero and less are ZERO_BIN.
 *
 * Both arms are binned alike, so rounding moves both means alike; it moves a mean by at most 0.005 of
 * the range, or 0.25% of a heavy-tailed value.
 */
export function binOfValue(metric: MetricDefinition, value: number): number | null {
  if (Number.isNaN(value)) return null;
  switch (metric.kind) {
    case "binary":
      return value >= 0.5 ? TOP_BIN : 0;
    case "bounded": {
      const [low, high] = metricRange(metric);
      const position = (value - low) / (high - low);
      return Math.round(Math.min(1, Math.max(0, position)) * TOP_BIN);
    }
    case "heavy_tailed":
    case "quantile":
      return logBinOfValue(value);
    default: {
      const unreachable: never = metric.kind;
      return unreachable;
    }
  }
}

/** The value that a bin stands for, in the metric's unit. Inverse of {@link binOfValue} up to rounding. */
export function valueOfBin(metric: MetricDefinition, bin: number): number {
  switch (metric.kind) {
    case "binary":
      return bin / TOP_BIN;
    case "bounded": {
      const [low, high] = metricRange(metric);
      return low + (bin / TOP_BIN) * (high - low);
    }
    case "heavy_tailed":
    case "quantile":
      return valueOfLogBin(bin);
    default: {
      const unreachable: never = metric.kind;
      return unreachable;
    }
  }
}

/** Lowest and highest value of a bounded metric; [0, 1] unless it says otherwise. */
export function metricRange(metric: MetricDefinition): readonly [number, number] {
  return metric.range ?? [0, 1];
}

/** round(ln x / ln 1.005), between ZERO_BIN and LARGEST_LOG_BIN. */
export function logBinOfValue(value: number): number {
  if (value <= 0) return ZERO_BIN;
  const bin = Math.round(Math.log(value) / LOG_BIN_WIDTH);
  return Math.min(LARGEST_LOG_BIN, Math.max(ZERO_BIN, bin));
}

function valueOfLogBin(bin: number): number {
  return LOG_BIN_VALUES[bin - ZERO_BIN] ?? logBinValue(bin);
}

function logBinValue(bin: number): number {
  return bin <= ZERO_BIN ? 0 : Math.exp(bin * LOG_BIN_WIDTH);
}

/** Of all bins in order: an estimate reads thousands of them. */
const LOG_BIN_VALUES = Float64Array.from({ length: LARGEST_LOG_BIN - ZERO_BIN + 1 }, (_, index) =>
  logBinValue(ZERO_BIN + index),
);
