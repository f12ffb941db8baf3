import type {
  Comparison,
  CriterionTestPart,
  CriterionTests,
  MetricDefinition,
} from "@spillway/core";
import { criterionTests, DEFAULT_CONFIDENCE } from "@spillway/core";

export type TestedComparison = Exclude<Comparison, { kind: "zero_tolerance" }>;

/** What is asked before an advance: the product's own comparison and the share that would follow. */
export type SafetyQuestion = {
  readonly comparison: TestedComparison;
  readonly nextShareBps: number;
};

export type GateRow = {
  readonly metric: MetricDefinition;
  readonly comparison: TestedComparison;
  readonly safety: readonly SafetyQuestion[];
};

export type GateQuestions = Omit<CriterionTests, "safety"> & {
  readonly safety: readonly CriterionTests["safety"][];
};

type Test = { readonly first: number; readonly weights: readonly number[] };

const GRID = 9;
export const LOG_ROLLBACK = Math.log(1 / DEFAULT_CONFIDENCE.alpha);
export const LOG_BLOCK = Math.log(1 / DEFAULT_CONFIDENCE.alphaBlock);
const LOG_PROMOTE = Math.log(1 / DEFAULT_CONFIDENCE.alphaPromote);
export const LOG_AMBER = Math.log(DEFAULT_CONFIDENCE.amberOdds);

/**
 * The gate's tests of one criterion, compiled: what an observation adds to every log-wealth comes from
 * the product (criterionTests), and only the adding is done here. running-gate.test.ts holds it
 * against assessGate.
 */
export class GateTests {
  readonly size: number;
  readonly harm: Test;
  readonly block: Test;
  readonly safety: readonly Test[];
  readonly gridWeights: readonly number[];
  readonly armWeight: number;
  readonly #parts: readonly CriterionTestPart[];
  readonly restartWeights: readonly number[];
  readonly #rows = new Map<string, Float64Array>();

  constructor(questions: GateQuestions) {
    const parts: CriterionTestPart[] = [];
    const place = (added: readonly CriterionTestPart[]): Test => {
      const first = parts.length * GRID;
      parts.push(...added);
      return { first, weights: added.map(({ weight }) => weight) };
    };
    this.harm = place(questions.harm);
    this.block = place(questions.block);
    this.safety = questions.safety.map((added) => place(added));
    this.gridWeights = questions.gridWeights;
    this.armWeight = questions.armWeight;
    this.restartWeights = questions.restartWeights;
    this.#parts = parts;
    this.size = parts.length * GRID;
  }

  /** What one observation adds to all log-wealths of the row. */
  armRow(propensityBps: number, arm: "baseline" | "candidate", bin: number): Float64Array {
    return this.#row(`${propensityBps} ${arm} ${bin}`, (part) =>
      part.armLogs({ arm, bin, propensityBps }),
    );
  }

  pairRow(baselineBin: number, candidateBin: number): Float64Array {
    return this.#row(`${baselineBin}:${candidateBin}`, (part) =>
      part.pairLogs({ baselineBin, candidateBin }),
    );
  }

  #row(key: string, logsOf: (part: CriterionTestPart) => readonly number[]): Float64Array {
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const row = Float64Array.from(this.#parts.flatMap((part) => logsOf(part)));
    this.#rows.set(key, row);
    return row;
  }
}

/** All questions about a row, as the gate of the product asks them. */
export function gateQuestions({ metric, comparison, safety }: GateRow): GateQuestions {
  return {
    ...testsOf(metric, comparison, 10_000),
    safety: safety.map((asked) => testsOf(metric, asked.comparison, asked.nextShareBps).safety),
  };
}

function testsOf(
  metric: MetricDefinition,
  comparison: TestedComparison,
  nextShareBps: number,
): CriterionTests {
  const tests = criterionTests(metric, comparison, nextShareBps);
  if (tests === null) throw new RangeError(`The gate has no test for ${metric.name}.`);
  return tests;
}

/** One history of a {@link GateTests}: its log-wealths so far. */
export class RunningGate {
  readonly tests: GateTests;
  readonly #logs: Float64Array;
  readonly #armWeight: number;
  /** Stakes on blocks still to come; 0 without restarts. */
  #cash = 0;
  #blocks = 0;

  /** Evidence from pairs alone has no live reading, so nothing is set aside for it. */
  constructor(tests: GateTests, evidence: "arms" | "pairs" = "arms") {
    this.tests = tests;
    this.#logs = new Float64Array(tests.size);
    this.#armWeight = evidence === "arms" ? tests.armWeight : 1;
  }

  reset(): void {
    this.#logs.fill(0);
    this.#cash = 0;
    this.#blocks = 0;
  }

  /** Begins a block of time: harm may begin here. Concerns the tests of harm, which come first. */
  startBlock(): void {
    const stake = this.tests.restartWeights[this.#blocks] ?? 0;
    const isFirst = this.#blocks === 0;
    this.#cash = isFirst ? 1 - stake : Math.max(0, this.#cash - stake);
    this.#blocks += 1;
    const end = this.tests.safety[0]?.first ?? this.#logs.length;
    for (let index = 0; index < end; index += 1) {
      const before = isFirst ? 0 : Math.exp(this.#logs[index] as number);
      this.#logs[index] = Math.log(before + stake);
    }
  }

  add(row: Float64Array, count: number): void {
    const logs = this.#logs;
    for (let index = 0; index < logs.length; index += 1) {
      logs[index] = (logs[index] as number) + count * (row[index] as number);
    }
  }

  /** ln E of a test; what assessGate reports for the same counts. */
  logE(test: Test): number {
    const isOfHarm = test === this.tests.harm || test === this.tests.block;
    let total = 0;
    for (const [part, weight] of test.weights.entries()) {
      const mixed = this.#mixed(test.first + part * GRID) + (isOfHarm ? this.#cash : 0);
      total += weight * (this.#armWeight * mixed);
    }
    return Math.log(total + 1 - this.#armWeight);
  }

  /** Whether ln E reaches a threshold. Most looks are settled by the largest log-wealth alone. */
  reaches(test: Test, logThreshold: number): boolean {
    const end = test.first + test.weights.length * GRID;
    let largest = Number.NEGATIVE_INFINITY;
    for (let index = test.first; index < end; index += 1) {
      const log = this.#logs[index] as number;
      if (log > largest) largest = log;
    }
    // Stakes still to come add at most 1 to an e-value, and no threshold is below 3.
    const least = this.#cash > 0 ? Math.log(Math.exp(logThreshold) - 1) : logThreshold;
    return largest >= least && this.logE(test) >= logThreshold;
  }

  provesHarm(): boolean {
    return this.provesAnyHarm() && this.reaches(this.tests.block, LOG_BLOCK);
  }

  /** Whether there is harm at all; the product rolls back only if it is beyond the hold level too. */
  provesAnyHarm(): boolean {
    return this.reaches(this.tests.harm, LOG_ROLLBACK);
  }

  /** Odds of harm at which the product holds, provided that the candidate looks worse at all. */
  isAmber(): boolean {
    return this.reaches(this.tests.harm, LOG_AMBER);
  }

  provesSafety(question: number): boolean {
    return this.reaches(this.tests.safety[question] as Test, LOG_PROMOTE);
  }

  #mixed(first: number): number {
    const weights = this.tests.gridWeights;
    let sum = 0;
    for (let index = 0; index < GRID; index += 1) {
      sum += (weights[index] as number) * Math.exp(this.#logs[first + index] as number);
    }
    return sum;
  }
}
