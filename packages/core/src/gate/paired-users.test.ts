import { describe, expect, it } from "vitest";
import type { Comparison } from "./criterion.ts";
import type { PairCell, StratumEvidence } from "./evidence.ts";
import { criterion, evidenceOf, gate, rate, stratum } from "./testing/builders.ts";
import type { PairedUsers } from "./testing/paired-users.ts";
import { watchPairedUsers } from "./testing/paired-users.ts";
import { unitBucket } from "./unit-bucket.ts";

const RUNS = 150;
/** 5%, and three standard errors of what so many runs can tell. */
const MOST = RUNS * 0.05 + 3 * Math.sqrt(RUNS * 0.05 * 0.95);

const POINTS: Comparison = { kind: "difference", hold: 0.02, rollback: 0.05 };
const USERS = { users: 300, requestsEach: 20, correlation: 0.3 };

/** Each a fifth more, so that chance is decided early, up to all requests of all. */
function looksUntil(pairs: number): readonly number[] {
  const looks: number[] = [];
  for (let look = 60; look < pairs; look = Math.ceil(look * 1.2)) looks.push(look);
  return [...looks, pairs];
}

const reportOf = (metric: string, comparison: Comparison, strata: readonly StratumEvidence[]) =>
  gate({ criteria: [criterion(metric, comparison)], evidence: [evidenceOf(metric, strata)] });

/** How many rollouts come to a verdict at any look. */
function count(
  verdict: "pass" | "fail",
  asked: { readonly metric: string; readonly comparison: Comparison },
  of: Omit<PairedUsers, "looks">,
): number {
  const looks = looksUntil(of.users * of.requestsEach);
  let reached = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const isReached = watchPairedUsers({ ...of, looks }, seed).some(
      (seen) => reportOf(asked.metric, asked.comparison, [seen]).verdict === verdict,
    );
    if (isReached) reached += 1;
  }
  return reached;
}

const ERRORS = { metric: "error_rate", comparison: POINTS };

describe("pairs of users who come again, each with a liking of their own (seeded)", () => {
  it("of an unharmed candidate are not taken for harm", () => {
    const equal = { ...USERS, rate: { baseline: 0.1, candidate: 0.1 } };
    expect(count("fail", ERRORS, equal)).toBeLessThanOrEqual(MOST);
  });

  it.each([
    ["in points", ERRORS, { baseline: 0.1, candidate: 0.15 }],
    ["of a baseline without events", ERRORS, { baseline: 0, candidate: 0.05 }],
    [
      "in relative terms of a score",
      { metric: "quality", comparison: { kind: "relative", hold: 0.05, rollback: 0.1 } as const },
      { baseline: 0.8, candidate: 0.72 },
    ],
    [
      "at a limit",
      { metric: "error_rate", comparison: { kind: "limit", hold: 0.04, rollback: 0.05 } as const },
      { baseline: 0.03, candidate: 0.05 },
    ],
  ])("of one harmed exactly at its margin are not taken for safe: %s", (_, asked, rates) => {
    expect(count("pass", asked, { ...USERS, rate: rates })).toBeLessThanOrEqual(MOST);
  });

  it("of many users clear a good candidate, and take a bad one back", () => {
    const many = { users: 2_000, requestsEach: 3, correlation: 0.3 };
    const equal = { ...many, rate: { baseline: 0.1, candidate: 0.1 } };
    expect(count("pass", ERRORS, equal)).toBeGreaterThan(0.9 * RUNS);
    const worse = { ...many, rate: { baseline: 0.1, candidate: 0.2 } };
    expect(count("fail", ERRORS, worse)).toBeGreaterThan(0.9 * RUNS);
  });
});

/** Clean pairs, so many of each user. */
function cleanPairs(users: number, pairsEach: number): PairCell {
  const units: Record<string, number> = {};
  for (let user = 0; user < users; user += 1) {
    const key = `${unitBucket(`user-${user}`)}:0:0`;
    units[key] = (units[key] ?? 0) + pairsEach;
  }
  return { joint: { "0:0": users * pairsEach }, units };
}

describe("clean pairs of users who come again", () => {
  const harmless: Comparison = { kind: "zero_tolerance", maximumRate: 0.005 };

  it.each([
    ["a difference", "error_rate", POINTS],
    ["a limit", "error_rate", { kind: "limit", hold: 0.04, rollback: 0.05 } as const],
    ["a zero tolerance", "harmful_content", harmless],
  ])("1,000 of twenty users prove nothing about %s", (_, metric, comparison) => {
    const [verdict] = reportOf(metric, comparison, [
      stratum({ pairs: cleanPairs(20, 50) }),
    ]).verdicts;
    expect(verdict).toMatchObject({ verdict: "inconclusive" });
    expect(verdict!.logSafety).toBeLessThan(Math.log(3));
  });

  it("say that they are of too few units", () => {
    const report = reportOf("error_rate", POINTS, [stratum({ pairs: cleanPairs(20, 50) })]);
    expect(report.verdicts[0]!.sentence).toContain("its pairs are of about");
  });

  it("of many users are proof, by the user", () => {
    const of = (users: number) =>
      reportOf("harmful_content", harmless, [stratum({ pairs: cleanPairs(users, 5) })])
        .verdicts[0]!;
    expect(of(300).verdict).toBe("inconclusive");
    expect(of(300).moreObservations).toBeGreaterThan(500);
    expect(of(1_200).verdict).toBe("pass");
    const points = reportOf("error_rate", POINTS, [stratum({ pairs: cleanPairs(1_200, 5) })]);
    expect(points.verdict).toBe("pass");
  });

  it("count once where people got the same answers", () => {
    const candidate = { bins: { "0": 6_000 }, units: unitsOf(cleanPairs(1_200, 5)) };
    const live = { stageIndex: 1, propensityBps: 5_000, candidate, baseline: candidate };
    const [alone, both] = [stratum(live), stratum({ ...live, pairs: cleanPairs(1_200, 5) })].map(
      (of) => reportOf("harmful_content", harmless, [of]).verdicts[0]!,
    );
    expect(both!.logSafety).toBe(alone!.logSafety);
  });
});

const unitsOf = ({ units = {} }: PairCell): Record<string, number> =>
  Object.fromEntries(
    Object.entries(units).map(([key, pairs]) => [key.slice(0, key.lastIndexOf(":")), pairs]),
  );

describe("pairs recorded before the units that asked were", () => {
  const { joint } = cleanPairs(1_200, 5);

  it("prove nothing beside what is known of units, and the sentence says so", () => {
    const pairs = { joint: { "0:0": 6_000 + 1_000 }, units: cleanPairs(20, 50).units! };
    const [verdict] = reportOf("error_rate", POINTS, [stratum({ pairs })]).verdicts;
    expect(verdict).toMatchObject({ verdict: "inconclusive", interval: null });
    const known = reportOf("error_rate", POINTS, [stratum({ pairs: cleanPairs(20, 50) })]);
    expect(verdict!.logSafety).toBe(known.verdicts[0]!.logSafety);
    expect(verdict!.sentence).toContain(
      "of 6,000 pairs it was not recorded whose requests they are, so they prove nothing",
    );
    const [clean] = reportOf("harmful_content", { kind: "zero_tolerance", maximumRate: 0.005 }, [
      stratum({ pairs }),
    ]).verdicts;
    expect(clean!.sentence).toContain("so they prove nothing");
  });

  it("prove nothing in a shadow of which only the answers that people got are known by user", () => {
    const units = Object.fromEntries(Array.from({ length: 64 }, (_, group) => [`${group}:0`, 90]));
    const baseline = { ...rate(0, 64 * 90), units };
    const [verdict] = reportOf("error_rate", POINTS, [
      stratum({ pairs: { joint }, baseline }),
    ]).verdicts;
    expect(verdict!.sentence).toBe(
      "error_rate is not decidable, since units are counted more than once; " +
        "of 6,000 pairs it was not recorded whose requests they are, so they prove nothing.",
    );
  });

  it("prove nothing beside arms of units", () => {
    const units = Object.fromEntries(Array.from({ length: 20 }, (_, group) => [`${group}:0`, 5]));
    const cell = { ...rate(0, 100), units };
    const live = stratum({ stageIndex: 1, propensityBps: 5_000, candidate: cell, baseline: cell });
    const [verdict] = reportOf("error_rate", POINTS, [
      stratum({ pairs: { joint } }),
      live,
    ]).verdicts;
    expect(verdict!.verdict).toBe("inconclusive");
    expect(verdict!.logSafety).toBeLessThan(Math.log(3));
  });

  it("are proof where every request is a unit of its own", () => {
    expect(reportOf("error_rate", POINTS, [stratum({ pairs: { joint } })]).verdict).toBe("pass");
  });
});

it("the interval of a difference shown by pairs of users holds their liking (seeded)", () => {
  let missed = 0;
  for (let seed = 1; seed <= 100; seed += 1) {
    const of = { ...USERS, rate: { baseline: 0.1, candidate: 0.1 } };
    const [seen] = watchPairedUsers({ ...of, looks: [6_000] }, seed);
    const { interval } = reportOf("error_rate", POINTS, [seen!]).verdicts[0]!;
    if (interval === null || interval.low > 0 || interval.high < 0) missed += 1;
  }
  expect(missed).toBeLessThanOrEqual(5);
});
