import { mixGrid } from "../statistics/bet-grid.ts";
import { logAdd, logSumExp } from "../statistics/log-sum-exp.ts";
import type { ClosedBlocks } from "../statistics/restarts.ts";
import { restartLogE } from "../statistics/restarts.ts";
import type { GridLogs } from "./bet-table.ts";
import { noWealth } from "./bet-table.ts";
import type { ObservedRow, ObservedStratum } from "./observed-row.ts";
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
 * The same where units come more than once: `armsLogE` is what the arms of all strata say together (see
 * cluster-test.ts), in place of the arms' bets. Pairs keep theirs: what differs between users is in both
 * halves of a pair.
 */
export function unitsLogE(row: ObservedRow, part: TestPart, armsLogE: number): number {
  const shadowOnly = noWealth();
  const paired = noWealth();
  let hasArms = false;
  for (const stratum of row.strata) {
    const usesArms = part.usesArms(stratum.propensity);
    hasArms ||= usesArms;
    part.addPairs(paired, stratum);
    if (!usesArms) part.addPairs(shadowOnly, stratum);
  }
  if (!hasArms) return mixGrid(paired);
  const live = LOG_LIVE_WEIGHT + mixGrid(shadowOnly) + armsLogE;
  return logSumExp([live, LOG_PAIRED_WEIGHT + mixGrid(paired)]);
}

/**
 * The same with restarts, for harm that begins late: the row's evidence comes in blocks of time, and
 * each reading of each part is a mixture over the block in which harm begins (restarts.ts). A part's
 * null is the same for every block, and within a block and a reading every observation is used once.
 *
 * @param blocks In time order, without gaps; stretches without evidence are blocks without strata.
 */
export function restartedLogE(
  blocks: readonly ObservedRow[],
  { parts }: QuantileTest,
  planned: number,
): number {
  const closed = blocks.some(({ isKept }) => isKept) ? closedBlocks : null;
  const evaluate: Evaluate = (logs) => restartLogE(logs, planned, closed);
  const asPlanned = averageOver(parts, evaluate, (part) =>
    blocks.map((row) => blockReading(row, part)),
  );
  if (blocks.every(({ observedSplit }) => observedSplit === null)) return asPlanned;
  const asObserved = averageOver(parts, evaluate, (part) =>
    blocks.map(({ observedSplit, strata }) => readStrata(observedSplit ?? strata, part)),
  );
  return Math.min(asPlanned, asObserved);
}

/** ln E from the nine log-wealths of each block. */
type Evaluate = (blocks: readonly GridLogs[]) => number;

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

const liveLogs = noWealth();
const pairedLogs = noWealth();

function averageOver(
  parts: readonly TestPart[],
  evaluate: Evaluate,
  readingsOf: (part: TestPart) => readonly Reading[],
): number {
  const terms: number[] = [];
  for (const part of parts) {
    const logWeight = Math.log(part.weight);
    const readings = readingsOf(part);
    const paired = readings.some(({ hasPairs }) => hasPairs)
      ? evaluate(readings.map((reading) => reading.paired))
      : 0;
    if (readings.some(({ hasArms }) => hasArms)) {
      const live = evaluate(readings.map((reading) => reading.live));
      terms.push(logWeight + LOG_LIVE_WEIGHT + live, logWeight + LOG_PAIRED_WEIGHT + paired);
    } else {
      // No stratum's arms can answer, and both readings are the same.
      terms.push(logWeight + paired);
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

/**
 * What blocks say to parts, by the identity of both, neither of which is ever changed in place: where
 * evidence is kept between looks, of hundreds of blocks only the newest is another one. Reading again
 * gives the same bits.
 */
const blockReadings = new WeakMap<ObservedRow["strata"], Map<TestPart, Reading>>();

const closedBlocks: ClosedBlocks = new WeakMap();

function blockReading(row: ObservedRow, part: TestPart): Reading {
  if (!row.isKept) return readStrata(row.strata, part);
  const known = blockReadings.get(row.strata) ?? new Map<TestPart, Reading>();
  const reading = known.get(part) ?? readStrata(row.strata, part);
  if (known.size === 0) blockReadings.set(row.strata, known);
  known.set(part, reading);
  return reading;
}

function readStrata(strata: readonly ObservedStratum[], part: TestPart): Reading {
  const live = noWealth();
  const paired = noWealth();
  let hasArms = false;
  let hasPairs = false;
  for (const stratum of strata) {
    const usesArms = part.usesArms(stratum.propensity);
    if (usesArms) part.addArms(live, stratum);
    hasArms ||= usesArms;
    if (stratum.pairs.length === 0) continue;
    hasPairs = true;
    part.addPairs(paired, stratum);
    if (!usesArms) part.addPairs(live, stratum);
  }
  return { live, paired, hasArms, hasPairs };
}
