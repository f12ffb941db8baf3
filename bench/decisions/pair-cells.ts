import type { Cell, RuleRun } from "./cell.ts";
import { hasSettled, look, openFiring, RunCollector, SPILLWAY, SPILLWAY_HARM } from "./cell.ts";
import type { Rule } from "./comparators.ts";
import type { History } from "./history.ts";
import { ArmHistory } from "./history.ts";
import { metricOf } from "./policies.ts";
import { drawNormal, IndexSampler, PoissonSampler, seededRandom } from "./random.ts";
import type { TestedComparison } from "./running-gate.ts";
import { gateQuestions, GateTests, RunningGate } from "./running-gate.ts";

const DAY_MINUTES = 1440;
const PAIRS_PER_MINUTE = 6;
const MEAN = 0.6;
const DEVIATION = 0.2;
const KINDS_FROM_DRAWS = 100_000;
const COMPARISON: TestedComparison = { kind: "difference", hold: 0.01, rollback: 0.02 };

/** S: both releases answer the same requests; their scores are correlated. */
export function pairCells(): readonly Cell[] {
  return [0.3, 0.7].flatMap((correlation) =>
    [0, 0.02, 0.05].map((drop) => {
      const id = `S_paired rho=${correlation} drop=${drop}`;
      return { id, group: "S", effort: 1, run: (n) => watchPairs(id, { correlation, drop }, n) };
    }),
  );
}

type PairKind = { readonly correlation: number; readonly drop: number };

function watchPairs(id: string, kind: PairKind, replications: number): readonly RuleRun[] {
  const tests = new GateTests(
    gateQuestions({
      metric: metricOf("quality", { value: MEAN, spread: DEVIATION }),
      comparison: COMPARISON,
      safety: [{ comparison: COMPARISON, nextShareBps: 10_000 }],
    }),
  );
  const gate = new RunningGate(tests, "pairs");
  const kinds = pairShares(kind);
  const rows = kinds.map(({ baselineBin, candidateBin }) =>
    tests.pairRow(baselineBin, candidateBin),
  );
  const which = new IndexSampler(kinds.map(({ share }) => share));
  const counts = new PoissonSampler(PAIRS_PER_MINUTE);
  const collector = new RunCollector();
  const whole: Rule = { rollback: () => gate.provesHarm(), promote: () => gate.provesSafety(0) };
  const harm: Rule = { rollback: () => gate.provesAnyHarm() };
  for (let replication = 0; replication < replications; replication += 1) {
    const random = seededRandom(`${id} ${replication}`);
    gate.reset();
    const watched = [
      { name: SPILLWAY, firing: openFiring(), rule: whole },
      { name: SPILLWAY_HARM, firing: openFiring(), rule: harm },
    ];
    const history: History = {
      baseline: new ArmHistory(DAY_MINUTES),
      candidate: new ArmHistory(DAY_MINUTES),
      minute: 0,
    };
    let open = watched;
    for (let minute = 1; minute <= DAY_MINUTES && open.length > 0; minute += 1) {
      history.minute = minute;
      const count = counts.draw(random);
      for (let pair = 0; pair < count; pair += 1)
        gate.add(rows[which.draw(random)] as Float64Array, 1);
      history.candidate.open(minute);
      history.candidate.add(minute, { count, sum: 0, squares: 0, naive: 0 });
      for (const each of open) look(each, history);
      open = open.filter((each) => !hasSettled(each));
    }
    for (const each of watched) collector.add(each);
  }
  return collector.runs();
}

type PairShare = {
  readonly baselineBin: number;
  readonly candidateBin: number;
  readonly share: number;
};

/** The joint shares of the bins of correlated normal scores, from fixed draws. */
function pairShares({ correlation, drop }: PairKind): readonly PairShare[] {
  const random = seededRandom(`pairs ${correlation} ${drop}`);
  const shares = new Map<number, number>();
  const toBin = (score: number): number => Math.round(100 * Math.min(1, Math.max(0, score)));
  for (let draw = 0; draw < KINDS_FROM_DRAWS; draw += 1) {
    const common = drawNormal(random);
    const own = Math.sqrt(1 - correlation ** 2) * drawNormal(random);
    const baselineBin = toBin(MEAN + DEVIATION * common);
    const candidateBin = toBin(MEAN - drop + DEVIATION * (correlation * common + own));
    const key = 101 * baselineBin + candidateBin;
    shares.set(key, (shares.get(key) ?? 0) + 1 / KINDS_FROM_DRAWS);
  }
  return [...shares].map(([key, share]) => ({
    baselineBin: Math.floor(key / 101),
    candidateBin: key % 101,
    share,
  }));
}
