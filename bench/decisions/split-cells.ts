import type { StageExposure } from "@spillway/core";
import { assessGate, DEFAULT_CONFIDENCE } from "@spillway/core";
import type { Cell, RuleRun } from "./cell.ts";
import { hasSettled, look, openFiring, RunCollector, SPILLWAY } from "./cell.ts";
import type { Rule } from "./comparators.ts";
import type { History } from "./history.ts";
import { ArmHistory } from "./history.ts";
import { PoissonSampler, seededRandom } from "./random.ts";
import { REQUESTS_PER_MINUTE } from "./traffic.ts";

const DAY_MINUTES = 1440;
const PLANNED_BPS = 1000;
// The squared normal quantile of a two-sided p of 0.001.
const CHI_SQUARE_001 = 10.827566170662733;

/** O: the split is planned at 10% and really something else. "Rolled back" stands for the alarm. */
export function splitCells(): readonly Cell[] {
  return [0.1, 0.103, 0.11, 0.12].map((share) => {
    const id = `O_srm designed w=.1 actual w=${share}`;
    return { id, group: "O", effort: 0.5, run: (n) => watchSplit(id, share, n) };
  });
}

function watchSplit(id: string, share: number, replications: number): readonly RuleRun[] {
  const candidates = new PoissonSampler(REQUESTS_PER_MINUTE * share);
  const baselines = new PoissonSampler(REQUESTS_PER_MINUTE * (1 - share));
  const collector = new RunCollector();
  for (let replication = 0; replication < replications; replication += 1) {
    const random = seededRandom(`${id} ${replication}`);
    const watched = [
      { name: SPILLWAY, firing: openFiring(), rule: GATE },
      { name: "chi2_peeked", firing: openFiring(), rule: PEEKED_CHI_SQUARE },
    ];
    const history: History = {
      baseline: new ArmHistory(DAY_MINUTES),
      candidate: new ArmHistory(DAY_MINUTES),
      minute: 0,
    };
    let open = watched;
    for (let minute = 1; minute <= DAY_MINUTES && open.length > 0; minute += 1) {
      history.minute = minute;
      take(history.candidate, minute, candidates.draw(random));
      take(history.baseline, minute, baselines.draw(random));
      for (const each of open) look(each, history);
      open = open.filter((each) => !hasSettled(each));
    }
    for (const each of watched) collector.add(each);
  }
  return collector.runs();
}

function take(arm: ArmHistory, minute: number, count: number): void {
  arm.open(minute);
  arm.add(minute, { count, sum: 0, squares: 0, naive: 0 });
}

/** The product warns of a split that is not as planned. */
const GATE: Rule = {
  rollback: ({ baseline, candidate, minute }) => {
    const exposure: StageExposure = {
      stageIndex: 0,
      propensityBps: PLANNED_BPS,
      baseline: baseline.count[minute] as number,
      candidate: candidate.count[minute] as number,
      pairs: 0,
      excluded: {},
      lastObservedAtMs: null,
    };
    const { warnings } = assessGate({
      criteria: [],
      metrics: [],
      slices: [],
      evidence: { metrics: [], exposures: [exposure] },
      confidence: DEFAULT_CONFIDENCE,
      stage: {
        index: 0,
        kind: "ramp",
        shareBps: PLANNED_BPS,
        nextShareBps: PLANNED_BPS,
        observationsPerHour: null,
      },
    });
    return warnings.some(({ kind }) => kind === "sample_ratio_mismatch");
  },
};

/** A chi-square test at 0.001 that is looked at every minute. */
const PEEKED_CHI_SQUARE: Rule = {
  rollback: ({ baseline, candidate, minute }) => {
    const [seen, rest] = [candidate.count[minute] as number, baseline.count[minute] as number];
    const planned = (seen + rest) * (PLANNED_BPS / 10_000);
    const others = seen + rest - planned;
    if (planned === 0) return false;
    return (seen - planned) ** 2 * (1 / planned + 1 / others) > CHI_SQUARE_001;
  },
};
