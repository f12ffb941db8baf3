import { describe, expect, it } from "vitest";
import type { Criterion } from "./criterion.ts";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import type { MetricDefinition } from "./metric.ts";
import {
  criterion,
  EDIT_RATE,
  evidenceOf,
  gate,
  seededRandom,
  stratum,
} from "./testing/builders.ts";

// Labels that come late, through the whole gate, looked at all the time: seeded, with stated bounds.
const REPLICATIONS = 150;
const REQUESTS_PER_MINUTE = 200;
const LAST_MINUTE = 240;
const FIRST_LOOK_MINUTE = 60;
const LOOK_MINUTES = 5;
const SHARE_BPS = 5_000;

/** The largest count that a true chance of `level` allows with three standard errors: of 5% 15.5 of 150. */
function allowed(level: number): number {
  return REPLICATIONS * (level + 3 * Math.sqrt((level * (1 - level)) / REPLICATIONS));
}

type Rollout = {
  readonly judged: Criterion;
  readonly metric: MetricDefinition;
  readonly baseline: number;
  readonly candidate: number;
  /** Median minutes until a label is known, by its value; 0: with the answer. Exponential. */
  readonly medianMinutes: Readonly<Record<"0" | "100", number>>;
};

type Question = "safe" | "beyond_hold";

/** In how many of the rollouts the gate ever has the odds for an answer. */
function countProven(rollout: Rollout, question: Question): number {
  let count = 0;
  for (let seed = 1; seed <= REPLICATIONS; seed += 1) {
    if (isEverProven(rollout, question, seed * 7919)) count += 1;
  }
  return count;
}

function isEverProven(rollout: Rollout, question: Question, seed: number): boolean {
  const random = seededRandom(seed);
  const known = knownLabels(rollout, random);
  for (let minute = FIRST_LOOK_MINUTE; minute <= LAST_MINUTE; minute += LOOK_MINUTES) {
    const { judged, metric } = rollout;
    const row = gate({
      criteria: [judged],
      metrics: [...METRIC_CATALOGUE.filter(({ name }) => name !== metric.name), metric],
      evidence: [evidenceOf(metric.name, [stratum({ stageIndex: 1, ...known(minute) })])],
    }).verdicts[0];
    if (row === undefined) throw new Error("The gate has a row for its criterion.");
    const isProven = question === "safe" ? row.verdict === "pass" : row.logBlock >= Math.log(5);
    if (isProven) return true;
  }
  return false;
}

/** All labels of a rollout, as they are known at some minute. */
function knownLabels({ baseline, candidate, medianMinutes }: Rollout, random: () => number) {
  const arms = { baseline: emptyArm(), candidate: emptyArm() };
  for (let request = 0; request < REQUESTS_PER_MINUTE * LAST_MINUTE; request += 1) {
    const isCandidate = random() < SHARE_BPS / 10_000;
    const bin = random() < (isCandidate ? candidate : baseline) ? "100" : "0";
    const lag = -medianMinutes[bin] * Math.log2(1 - random());
    const minute = Math.ceil(request / REQUESTS_PER_MINUTE + lag);
    const counts = arms[isCandidate ? "candidate" : "baseline"][bin];
    if (minute < counts.length) counts[minute] = (counts[minute] as number) + 1;
  }
  return (until: number) => ({
    propensityBps: SHARE_BPS,
    baseline: cellOf(arms.baseline, until),
    candidate: cellOf(arms.candidate, until),
  });
}

type ArmLabels = Readonly<Record<"0" | "100", number[]>>;

function emptyArm(): ArmLabels {
  const none = () => Array.from({ length: LAST_MINUTE + 1 }, () => 0);
  return { "0": none(), "100": none() };
}

function cellOf(labels: ArmLabels, until: number) {
  const sum = (counts: readonly number[]) =>
    counts.slice(0, until + 1).reduce((total, count) => total + count, 0);
  return { bins: { "0": sum(labels["0"]), "100": sum(labels["100"]) } };
}

const EDITS = METRIC_CATALOGUE.find(({ name }) => name === "edit_rate") as MetricDefinition;
const ACCEPTED: MetricDefinition = {
  ...EDITS,
  name: "accepted",
  direction: "higher_is_better",
  expected: { value: 0.85 },
};
const LATE_EVENTS = { "0": 0, "100": 30 };
const LATE_REST = { "0": 30, "100": 0 };

const edits = (rise: number): Rollout => ({
  judged: EDIT_RATE,
  metric: EDITS,
  baseline: 0.15,
  candidate: 0.15 + rise,
  medianMinutes: LATE_EVENTS,
});

const accepted = (fall: number, medianMinutes: Rollout["medianMinutes"]): Rollout => ({
  judged: criterion("accepted", { kind: "difference", hold: 0.01, rollback: 0.02 }),
  metric: ACCEPTED,
  baseline: 0.85,
  candidate: 0.85 - fall,
  medianMinutes,
});

const acceptedRelative = (fall: number): Rollout => ({
  ...accepted(0.85 * fall, LATE_EVENTS),
  judged: criterion("accepted", { kind: "relative", hold: 0.05, rollback: 0.1 }),
});

describe("harm at the margin is proven safe in at most 5% of rollouts", () => {
  it("where edits come late, and what is used as it was is known at once", () =>
    expect(countProven(edits(0.02), "safe")).toBeLessThanOrEqual(allowed(0.05)));
  it("where more is better, and the rest comes late", () =>
    expect(countProven(accepted(0.02, LATE_REST), "safe")).toBeLessThanOrEqual(allowed(0.05)));
});

describe("harm at the hold level is proven to be beyond it in at most 20% of rollouts", () => {
  it("where edits are known at once, and the rest comes late", () =>
    expect(
      countProven({ ...edits(0.01), medianMinutes: LATE_REST }, "beyond_hold"),
    ).toBeLessThanOrEqual(allowed(0.2)));
  it("where more is better, and comes late", () =>
    expect(countProven(acceptedRelative(0.05), "beyond_hold")).toBeLessThanOrEqual(allowed(0.2)));
});

describe("a candidate that is no worse is proven safe in most rollouts", () => {
  it("where edits come late", () =>
    expect(countProven(edits(0), "safe")).toBeGreaterThan(0.8 * REPLICATIONS));
  it("where more is better, and the rest comes late", () =>
    expect(countProven(accepted(0, LATE_REST), "safe")).toBeGreaterThan(0.8 * REPLICATIONS));
});

it("harm of twice the rollback level is proven to be beyond the hold level, where edits come late", () =>
  expect(countProven(edits(0.04), "beyond_hold")).toBeGreaterThan(0.9 * REPLICATIONS));
