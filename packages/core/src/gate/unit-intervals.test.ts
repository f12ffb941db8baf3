import { describe, expect, it } from "vitest";
import type { Comparison } from "./criterion.ts";
import type { EvidenceCell, StratumEvidence } from "./evidence.ts";
import { criterion, evidenceOf, gate, seededRandom, stratum } from "./testing/builders.ts";
import type { Interval } from "./verdict.ts";

const RUNS = 150;
const LOOKS = 6;
const USERS = 800;
const REQUESTS_PER_LOOK = 4_000;
const SHARE_BPS = 2_500;

type Arm = { readonly bins: Map<string, number>; readonly units: Map<string, number> };
const newArm = (): Arm => ({ bins: new Map(), units: new Map() });
const add = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
const cellOf = ({ bins, units }: Arm): EvidenceCell => ({
  bins: Object.fromEntries(bins),
  units: Object.fromEntries(units),
});

/** Users who keep their arm and their own rate, most of them near 0: many requests of few people. */
function* watch(seed: number): Generator<StratumEvidence> {
  const random = seededRandom(seed);
  const users = Array.from({ length: USERS }, (_, index) => ({
    arm: random() < SHARE_BPS / 10_000 ? ("candidate" as const) : ("baseline" as const),
    bucket: index % 64,
    rate: random() < 0.25 ? 0.5 : 0.03,
  }));
  const arms = { candidate: newArm(), baseline: newArm() };
  for (let look = 0; look < LOOKS; look += 1) {
    for (let request = 0; request < REQUESTS_PER_LOOK; request += 1) {
      const user = users[Math.floor(random() * USERS)]!;
      const bin = random() < user.rate ? "100" : "0";
      add(arms[user.arm].bins, bin);
      add(arms[user.arm].units, `${user.bucket}:${bin}`);
    }
    yield stratum({
      stageIndex: 1,
      propensityBps: SHARE_BPS,
      candidate: cellOf(arms.candidate),
      baseline: cellOf(arms.baseline),
    });
  }
}

function intervalOf(comparison: Comparison, seen: StratumEvidence): Interval | null {
  const report = gate({
    criteria: [criterion("edit_rate", comparison)],
    evidence: [evidenceOf("edit_rate", [seen])],
  });
  return report.verdicts[0]?.interval ?? null;
}

/** In how many histories the interval misses the truth at some look. */
function missed(comparison: Comparison, truth: number): number {
  let count = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const isMissed = [...watch(seed * 7919)].some((seen) => {
      const interval = intervalOf(comparison, seen);
      return interval !== null && !(interval.low! <= truth && truth <= interval.high!);
    });
    if (isMissed) count += 1;
  }
  return count;
}

const allowed = RUNS * 0.05 + 3 * Math.sqrt(RUNS * 0.05 * 0.95);

describe("the interval of a row whose units come more than once", () => {
  it("covers the difference at all looks together", () =>
    expect(missed({ kind: "difference", hold: 0.01, rollback: 0.02 }, 0)).toBeLessThanOrEqual(
      allowed,
    ));

  it("covers the ratio", () =>
    expect(missed({ kind: "ratio", hold: 1.25, rollback: 1.5 }, 1)).toBeLessThanOrEqual(allowed));

  it("covers the candidate's own rate", () =>
    expect(
      missed({ kind: "limit", hold: 0.2, rollback: 0.3 }, 0.25 * 0.5 + 0.75 * 0.03),
    ).toBeLessThanOrEqual(allowed));

  it("is not given where there are too few groups of units to know their spread", () => {
    const cell = (rate: number): EvidenceCell => ({
      bins: { 0: 1_000 - rate, 100: rate },
      units: { "3:0": 1_000 - rate, "3:100": rate },
    });
    const seen = stratum({
      stageIndex: 1,
      propensityBps: SHARE_BPS,
      candidate: cell(150),
      baseline: cell(140),
    });
    const comparison = { kind: "difference", hold: 0.01, rollback: 0.02 } as const;
    expect(intervalOf(comparison, seen)).toBeNull();
  });
});
