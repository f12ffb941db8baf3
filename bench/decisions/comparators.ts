import { normalMixtureLogE, normalMixtureRho } from "@spillway/core";
import type { History } from "./history.ts";
import { momentsOf } from "./history.ts";
import { createKayenta } from "./kayenta.ts";

/** A level of harm as a contrast of means: harm is at most the level iff μ_c - ratio·μ_b <= offset. */
export type Contrast = { readonly ratio: number; readonly offset: number };

/** What a comparator must know of a policy. Values are turned so that larger means worse. */
export type Policy = {
  readonly isBinary: boolean;
  /** No harm, and harm at the rollback level. */
  readonly none: Contrast;
  readonly rollback: Contrast;
  /** Harm at the promotion margin; null when it is no contrast of the means. */
  readonly margin: Contrast | null;
  /** Distance from none to rollback in the unit of the means, which the mSPRT is tuned to. */
  readonly effect: number;
  readonly minutes: number;
};

/** One rule on one history. Called every minute until it has fired. */
export type Rule = {
  readonly rollback?: (history: History) => boolean;
  readonly promote?: (history: History) => boolean;
};

export type Comparator = {
  readonly name: string;
  readonly create: (policy: Policy) => Rule;
  /** Watches only so many replications: for rules that are slow to compute. */
  readonly mostReplications?: number;
};

// Naive rules and z-tests wait for so many candidate requests, as people who use them do.
const LEAST_REQUESTS = 100;
const WINDOW_MINUTES = 60;
const LEAST_WINDOW_REQUESTS = 20;
const CHECK_MINUTES = 5;
const FAILED_CHECKS = 3;
const ALPHA = 0.05;
const Z_ONE_SIDED = 1.6448536269514722;

export const COMPARATORS: readonly Comparator[] = [
  { name: "a_cum100", create: createCumulative },
  { name: "a_win60", create: createWindow },
  { name: "a_argo5x3", create: createFailedChecks },
  { name: "b_z0", create: createPeekedZ },
  { name: "c_kay", create: createKayentaRule, mostReplications: 100 },
  { name: "d_obf0", create: createOBrienFleming },
  { name: "d_msprt0", create: createSequentialRatio },
];

/** Point estimate beyond the level, from the hundredth candidate request on. */
function createCumulative({ rollback }: Policy): Rule {
  return {
    rollback: ({ candidate, baseline, minute }) => {
      const requests = candidate.count[minute] as number;
      if (requests < LEAST_REQUESTS) return false;
      const mean = (candidate.naive[minute] as number) / requests;
      const control = (baseline.naive[minute] as number) / (baseline.count[minute] as number);
      return mean - rollback.ratio * control > rollback.offset;
    },
  };
}

/** The same within the last hour. */
function createWindow(policy: Policy): Rule {
  return {
    rollback: (history) => isBeyond(history, policy.rollback, WINDOW_MINUTES),
  };
}

/** Argo Rollouts: an analysis every five minutes of what came since the last, `failureLimit` 2. */
function createFailedChecks(policy: Policy): Rule {
  let failures = 0;
  return {
    rollback: (history) => {
      if (history.minute % CHECK_MINUTES !== 0) return false;
      if (isBeyond(history, policy.rollback, CHECK_MINUTES)) failures += 1;
      return failures >= FAILED_CHECKS;
    },
  };
}

function isBeyond(history: History, level: Contrast, windowMinutes: number): boolean {
  const { candidate, baseline, minute } = history;
  const from = Math.max(0, minute - windowMinutes);
  const within = (series: Float64Array): number =>
    (series[minute] as number) - (series[from] as number);
  const requests = within(candidate.count);
  const controls = within(baseline.count);
  const least = windowMinutes === WINDOW_MINUTES ? LEAST_WINDOW_REQUESTS : 1;
  if (requests < least || controls < 1) return false;
  const mean = within(candidate.naive) / requests;
  return mean - level.ratio * (within(baseline.naive) / controls) > level.offset;
}

/** A fixed-sample z-test that is looked at every minute; promotes on its non-inferiority twin. */
function createPeekedZ(policy: Policy): Rule {
  const { margin } = policy;
  return {
    rollback: (history) => zOf(history, policy, policy.none) > Z_ONE_SIDED,
    ...(margin === null
      ? {}
      : { promote: (history: History) => zOf(history, policy, margin) < -Z_ONE_SIDED }),
  };
}

function zOf(history: History, policy: Policy, level: Contrast): number {
  if ((history.candidate.count[history.minute] as number) < LEAST_REQUESTS) return 0;
  const { difference, variance } = contrastOf(history, policy, level);
  return variance > 0 ? difference / Math.sqrt(variance) : 0;
}

function contrastOf(history: History, { isBinary }: Policy, { ratio, offset }: Contrast) {
  const candidate = momentsOf(history.candidate, history.minute, isBinary);
  const baseline = momentsOf(history.baseline, history.minute, isBinary);
  return {
    difference: candidate.mean - ratio * baseline.mean - offset,
    variance:
      candidate.variance / candidate.count + (ratio * ratio * baseline.variance) / baseline.count,
  };
}

const LOOK_MINUTES = 60;
// How far a discrete walk overshoots, in steps: Siegmund (1985), "Sequential Analysis", chapter X.
const OVERSHOOT = 0.5826;

/**
 * O'Brien and Fleming (1979), hourly looks: z > c/√t. A Brownian motion crosses c before t = 1 with
 * probability 2(1 - Φ(c)); seen only at K looks it behaves as if c were higher by overshoot/√K.
 */
function createOBrienFleming(policy: Policy): Rule {
  const looks = policy.minutes / LOOK_MINUTES;
  const boundary = 1.959963984540054 - OVERSHOOT / Math.sqrt(looks);
  return {
    rollback: (history) => {
      if (history.minute % LOOK_MINUTES !== 0) return false;
      const { difference, variance } = contrastOf(history, policy, policy.none);
      if (!(variance > 0)) return false;
      const information = history.minute / policy.minutes;
      return difference / Math.sqrt(variance) > boundary / Math.sqrt(information);
    },
  };
}

/** mSPRT (Johari et al. 2022): a two-sided normal mixture about "no difference at all". */
function createSequentialRatio(policy: Policy): Rule {
  const vOpt = (2.8 / policy.effect) ** 2;
  const rho = normalMixtureRho({ vOpt, alphaOpt: ALPHA }, "two_sided");
  const threshold = Math.log(1 / ALPHA);
  return {
    rollback: (history) => {
      const requests = history.candidate.count[history.minute] as number;
      if (requests < LEAST_REQUESTS / 2) return false;
      const { difference, variance } = contrastOf(history, policy, policy.none);
      if (!(variance > 0) || difference <= 0) return false;
      const sum = { s: difference / variance, v: 1 / variance };
      return normalMixtureLogE(sum, rho, "two_sided") >= threshold;
    },
  };
}

function createKayentaRule({ minutes }: Policy): Rule {
  const judge = createKayenta(minutes);
  return {
    rollback: (history) => {
      judge.observe(history);
      return history.minute % CHECK_MINUTES === 0 && judge.fails();
    },
  };
}
