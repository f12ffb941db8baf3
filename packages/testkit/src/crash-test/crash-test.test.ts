import { describe, expect, it } from "vitest";
import { describeKill, planRounds } from "./kill-plan.ts";
import { runCrashTest } from "./run-crash-test.ts";

describe("the plan of kills", () => {
  it("follows from the seed", () => {
    expect(planRounds(20, 7)).toEqual(planRounds(20, 7));
    expect(planRounds(20, 7)).not.toEqual(planRounds(20, 8));
  });

  it("kills every process by itself first, and in ten rounds everything there is to kill", () => {
    const firstKills = planRounds(10, 7).map(({ kills }) => kills.map(({ targets }) => targets));
    const singles = new Set(firstKills.slice(0, 3).flat(2));
    expect(singles).toEqual(new Set(["control", "gateway", "postgres"]));
    expect(new Set(firstKills.flat(2))).toContain("supervisor");
  });

  it("is told in words", () => {
    const kill = { atMs: 1_250, targets: ["control", "gateway"], afterStopMs: null } as const;
    expect(describeKill(kill)).toBe("kill -9 of control and gateway at 1.25 s");
    expect(describeKill({ ...kill, afterStopMs: 40 })).toBe(
      "stop at 1.25 s, kill -9 of control and gateway 40 ms into it",
    );
  });
});

describe("two rounds of rollouts under kill -9", () => {
  it("lose nothing, double nothing, and end as they should", async () => {
    const words: string[] = [];
    // The kills of this seed: the gateway, twice; the control plane, then PostgreSQL.
    const outcome = await runCrashTest({ rounds: 2, seed: 1, say: (of) => words.push(of) });
    expect(outcome.problems, words.join("\n")).toEqual([]);
    expect(outcome.report).toEqual({
      rounds: 2,
      decisionsLost: 0,
      decisionsDoubled: 0,
      exchangesLost: 0,
      exchangesDoubled: 0,
      gatewayErrors: 0,
      rolloutsEndedRight: 2,
    });
    expect(outcome.requestsAnswered).toBeGreaterThan(100);
    expect(outcome.decisions).toBeGreaterThanOrEqual(2 + 5);
  }, 120_000);
});
