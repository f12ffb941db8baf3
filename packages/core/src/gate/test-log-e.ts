import { mixGrid } from "../statistics/bet-grid.ts";
import { logAdd, logSumExp } from "../statistics/log-sum-exp.ts";
import {
  closeBlock,
  closeEmptyBlocks,
  NO_BLOCKS,
  restartStateLogE,
  restartWeights,
} from "../statistics/restarts.ts";
import type { GridLogs } from "./bet-table.ts";
import { noWealth } from "./bet-table.ts";
import type { ClosedBlocks, ClosedWealth, ObservedRow, ObservedStratum } from "./observed-row.ts";
import type { QuantileTest } from "./quantile-move.ts";
import type { TestPart } from "./test-part.ts";

/**
 * What the live reading of a test weighs against the paired one. Fixed, because a weight that depends
 * on which evidence has turned up is chosen after the fact: a test that counts only pairs until the
 * first arm observation, and the average from then on, exceeds its level (its expectation can reach
 * 5/4). Missing evidence counts as e-value 1. Live weighs more since most rollouts have no pairs at
 * that time, and it then costs ln(1/0.95) = 0.05; where pairs exist they are the sharper evidence
 * by far and can afford ln(1/0.05) = 3.0.
 */
export const LIVE_WEIGHT = 0.95;

const LOG_LIVE_WEIGHT = Math.log(LIVE_WEIGHT);
const LOG_PAIRED_WEIGHT = Math.log(1 - LIVE_WEIGHT);

/**
 * ln E of a test on a row: the average over its parts of the average of two readings,
 *
 * - live: the arms of strata whose arms can answer, the pairs of all other strata (shadow stages);
 * - paired: the pairs of every stratum.
 *
 * Within a reading every observation is used once, so its strata multiply. Between the readings the
 * same request may be seen twice (an arm observation whose shadow makes it a pair as well), so they
 * are averaged, which is valid under any dependence. When the observations are not split as planned,
 * the smaller of the values under the planned and the observed split counts.
 */
export function testLogE(
  row: Pick<ObservedRow, "strata" | "observedSplit">,
  parts: readonly TestPart[],
): number {
  const asPlanned = averageLogE(row.strata, parts);
  if (row.observedSplit === null) return asPlanned;
  return Math.min(asPlanned, averageLogE(row.observedSplit, parts));
}

/**
 * The same two readings where units come more than once, from what the arms of all strata say together
 * (cluster-test.ts) and what pairs do (pair-cluster-test.ts), in place of bets on single requests.
 *
 * @param shadowOnly ln E of the pairs of strata whose arms cannot answer. @param paired Of all pairs.
 */
export function unitsLogE(
  row: ObservedRow,
  part: TestPart,
  of: { readonly arms: number; readonly shadowOnly: number; readonly paired: number },
): number {
  const hasArms = row.strata.some(({ propensity }) => part.usesArms(propensity));
  if (!hasArms) return of.paired;
  const live = LOG_LIVE_WEIGHT + of.shadowOnly + of.arms;
  return logAdd(live, LOG_PAIRED_WEIGHT + of.paired);
}

/**
 * The same with restarts, for harm that begins late: the row's evidence comes in blocks of time, and
 * each reading of each part is a mixture over the block in which harm begins (restarts.ts). A part's
 * null is the same for every block, and within a block and a reading every observation is used once.
 *
 * @param blocks In time order, without gaps; stretches without evidence are blocks without strata.
 * @param closed The first of them, where they have been looked at before; what they said is kept.
 */
export function restartedLogE(
  { blocks, closed }: { readonly blocks: readonly ObservedRow[] } & Pick<ObservedRow, "closed">,
  { parts }: QuantileTest,
  planned: number,
): number {
  const plan = restartWeights(planned);
  const read = (row: ObservedRow, part: TestPart): Reading => readStrata(row.strata, part);
  const asPlanned = averageOver(parts, plan, (part) => {
    const before =
      closed === null ? nothingYet(plan) : closedWealth(closed, part, { blocks, plan, read });
    return wealthOf(
      before,
      blocks.slice(before.count).map((row) => read(row, part)),
    );
  });
  if (blocks.every(({ observedSplit }) => observedSplit === null)) return asPlanned;
  const asObserved = averageOver(parts, plan, (part) =>
    wealthOf(
      nothingYet(plan),
      blocks.map(({ observedSplit, strata }) => readStrata(observedSplit ?? strata, part)),
    ),
  );
  return Math.min(asPlanned, asObserved);
}

const nothingYet = (plan: readonly number[]): ClosedWealth => ({
  count: 0,
  plan,
  live: NO_BLOCKS,
  paired: NO_BLOCKS,
  hasArms: false,
  hasPairs: false,
});

/** What closed blocks say to a part: what fewer of them said, and the blocks since. */
function closedWealth(
  { count, wealths }: ClosedBlocks,
  part: TestPart,
  of: {
    readonly blocks: readonly ObservedRow[];
    readonly plan: readonly number[];
    readonly read: (row: ObservedRow, part: TestPart) => Reading;
  },
): ClosedWealth {
  const last = wealths.get(part);
  const before = last?.plan.length === of.plan.length ? last : nothingYet(of.plan);
  if (before.count === count) return before;
  const readings = of.blocks.slice(before.count, count).map((row) => of.read(row, part));
  const after = wealthOf(before, readings);
  wealths.set(part, after);
  return after;
}

/** The wealth of both readings when further blocks have closed. */
function wealthOf(before: ClosedWealth, readings: readonly Reading[]): ClosedWealth {
  let { live, paired, hasArms, hasPairs } = before;
  const { plan } = before;
  for (const reading of readings) {
    // Most rollouts have no pairs by time; until the first one there is nothing to carry on.
    if (reading.hasPairs && !hasPairs) paired = closeEmptyBlocks(live.blocks, plan);
    live = closeBlock(live, reading.live, plan);
    hasArms ||= reading.hasArms;
    hasPairs ||= reading.hasPairs;
    if (hasPairs) paired = closeBlock(paired, reading.paired, plan);
  }
  return { count: before.count + readings.length, plan, live, paired, hasArms, hasPairs };
}

/**
 * {@link averageOver} one block: written out, and with the same two lists of log-wealths again and again,
 * since every row of every tick goes through it.
 */
function averageLogE(strata: readonly ObservedStratum[], parts: readonly TestPart[]): number {
  const hasPairs = strata.some(({ pairs }) => pairs.length > 0);
  let sum = Number.NEGATIVE_INFINITY;
  for (const part of parts) {
    liveLogs.fill(0);
    if (hasPairs) pairedLogs.fill(0);
    let hasArms = false;
    for (const stratum of strata) {
      const usesArms = part.usesArms(stratum.propensity);
      hasArms ||= usesArms;
      if (usesArms) part.addArms(liveLogs, stratum);
      if (!hasPairs) continue;
      if (!usesArms) part.addPairs(liveLogs, stratum);
      part.addPairs(pairedLogs, stratum);
    }
    const paired = hasPairs ? mixGrid(pairedLogs) : 0;
    const ofPart = hasArms
      ? logAdd(LOG_LIVE_WEIGHT + mixGrid(liveLogs), LOG_PAIRED_WEIGHT + paired)
      : paired;
    sum = logAdd(sum, Math.log(part.weight) + ofPart);
  }
  return sum;
}

/** Of nothing, and never added to. */
const NO_WEALTH = noWealth();

const liveLogs = noWealth();
const pairedLogs = noWealth();

function averageOver(
  parts: readonly TestPart[],
  plan: readonly number[],
  wealthOfPart: (part: TestPart) => ClosedWealth,
): number {
  const terms: number[] = [];
  for (const part of parts) {
    const logWeight = Math.log(part.weight);
    const { live, paired, hasArms, hasPairs } = wealthOfPart(part);
    const ofPairs = hasPairs ? restartStateLogE(paired, plan) : 0;
    if (hasArms) {
      terms.push(
        logWeight + LOG_LIVE_WEIGHT + restartStateLogE(live, plan),
        logWeight + LOG_PAIRED_WEIGHT + ofPairs,
      );
    } else {
      // No stratum's arms can answer, and both readings are the same.
      terms.push(logWeight + ofPairs);
    }
  }
  return terms.length === 1 ? (terms[0] as number) : logSumExp(terms);
}

/** The log-wealths of one block in both readings, and whether there was anything to read. */
type Reading = {
  readonly live: GridLogs;
  readonly paired: GridLogs;
  readonly hasArms: boolean;
  readonly hasPairs: boolean;
};

function readStrata(strata: readonly ObservedStratum[], part: TestPart): Reading {
  const live = noWealth();
  const hasPairs = strata.some(({ pairs }) => pairs.length > 0);
  const paired = hasPairs ? noWealth() : NO_WEALTH;
  let hasArms = false;
  for (const stratum of strata) {
    const usesArms = part.usesArms(stratum.propensity);
    if (usesArms) part.addArms(live, stratum);
    hasArms ||= usesArms;
    if (stratum.pairs.length === 0) continue;
    part.addPairs(paired, stratum);
    if (!usesArms) part.addPairs(live, stratum);
  }
  return { live, paired, hasArms, hasPairs };
}
