import type { EvidenceCell, StratumEvidence } from "../evidence.ts";
import { unitBucket } from "../unit-bucket.ts";
import { seededRandom, stratum } from "./builders.ts";

export type Users = {
  readonly count: number;
  readonly requestsEach: number;
  /** Points that the candidate adds to every user's rate. */
  readonly harm: number;
  /** Probability that a user is put on the candidate; 0.25, as planned, unless the split is broken. */
  readonly share?: number;
  /** Share of a candidate answer's labels that have come; 1 unless they come later than the baseline's. */
  readonly labelled?: number;
};

/** Basis points of users that the plan puts on the candidate. */
const PLANNED_BPS = 2_500;

/**
 * Users with rates of their own (most near 0, some high: an intra-class correlation of about 0.3), a
 * quarter of them on the candidate for good.
 */
export function simulateUsers(
  users: Users,
  seed: number,
  counts: "units" | "requests",
): StratumEvidence {
  const random = seededRandom(seed);
  const arms = [true, false].map(() => ({
    bins: new Map<string, number>(),
    units: new Map<string, number>(),
  }));
  const { share = PLANNED_BPS / 10_000, labelled = 1 } = users;
  for (let user = 0; user < users.count; user += 1) {
    const isCandidate = random() < share;
    const own = random() < 0.25 ? 0.5 : 0.03;
    const bucket = unitBucket(`user-${seed}-${user}`);
    const { bins, units } = arms[isCandidate ? 0 : 1]!;
    for (let request = 0; request < users.requestsEach; request += 1) {
      const bin = random() < own + (isCandidate ? users.harm : 0) ? "100" : "0";
      if (isCandidate && labelled < 1 && random() >= labelled) continue;
      bins.set(bin, (bins.get(bin) ?? 0) + 1);
      units.set(`${bucket}:${bin}`, (units.get(`${bucket}:${bin}`) ?? 0) + 1);
    }
  }
  const [candidate, baseline] = arms.map(({ bins, units }): EvidenceCell => ({
    bins: Object.fromEntries(bins),
    ...(counts === "units" ? { units: Object.fromEntries(units) } : {}),
  }));
  return stratum({
    stageIndex: 1,
    propensityBps: PLANNED_BPS,
    candidate: candidate!,
    baseline: baseline!,
  });
}
