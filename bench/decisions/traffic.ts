import type { Distribution } from "./distribution.ts";
import type { ArmHistory, ArmSums, Outcome } from "./history.ts";
import type { Random } from "./random.ts";
import { IndexSampler, PoissonSampler } from "./random.ts";
import type { GateTests, RunningGate } from "./running-gate.ts";

/** Requests a minute in every cell. */
export const REQUESTS_PER_MINUTE = 60;

/** What both arms show from some minute on. */
export type Phase = {
  readonly fromMinute: number;
  readonly propensityBps: number;
  readonly baseline: Distribution;
  readonly candidate: Distribution;
};

export type ArmName = "baseline" | "candidate";
export type OutcomeOf = (bin: number, arm: ArmName) => Outcome;

// With more kinds of outcomes than this, one draw per request is cheaper than one per kind.
const MOST_KINDS = 8;

type Kind = { readonly row: Float64Array; readonly outcome: Outcome; readonly share: number };

/** One arm in one phase: Poisson many requests a minute, each of one of a few kinds. */
class ArmTraffic {
  readonly #kinds: readonly Kind[];
  readonly #counts: readonly PoissonSampler[];
  readonly #total: PoissonSampler;
  readonly #which: IndexSampler;

  constructor(kinds: readonly Kind[], requestsPerMinute: number) {
    this.#kinds = kinds;
    const isPerKind = kinds.length <= MOST_KINDS;
    // Thinned Poisson streams are independent Poisson streams.
    this.#counts = isPerKind
      ? kinds.map(({ share }) => new PoissonSampler(requestsPerMinute * share))
      : [];
    this.#total = new PoissonSampler(isPerKind ? 0 : requestsPerMinute);
    this.#which = new IndexSampler(kinds.map(({ share }) => share));
  }

  /** One minute of requests, into the history and the gate. */
  play(random: Random, into: { minute: number; arm: ArmHistory; gate: RunningGate }): void {
    const seen = { count: 0, sum: 0, squares: 0, naive: 0 };
    for (let index = 0; index < this.#counts.length; index += 1) {
      const count = (this.#counts[index] as PoissonSampler).draw(random);
      if (count > 0) {
        const kind = this.#kinds[index] as Kind;
        into.gate.add(kind.row, count);
        addTo(seen, kind.outcome, count);
      }
    }
    const requests = this.#total.draw(random);
    for (let request = 0; request < requests; request += 1) {
      const kind = this.#kinds[this.#which.draw(random)] as Kind;
      into.gate.add(kind.row, 1);
      addTo(seen, kind.outcome, 1);
    }
    into.arm.add(into.minute, seen);
  }
}

function addTo(sums: ArmSums, { value, naive }: Outcome, count: number): void {
  sums.count += count;
  sums.sum += count * value;
  sums.squares += count * value * value;
  sums.naive += count * naive;
}

export type PhaseTraffic = {
  readonly fromMinute: number;
  readonly baseline: ArmTraffic;
  readonly candidate: ArmTraffic;
};

/** A phase made ready to draw from. Bins that no rule can tell apart become one kind of outcome. */
export function compilePhase(phase: Phase, tests: GateTests, outcomeOf: OutcomeOf): PhaseTraffic {
  const { propensityBps, fromMinute } = phase;
  const share = propensityBps / 10_000;
  const arm = (name: ArmName, distribution: Distribution, part: number): ArmTraffic => {
    const kinds = new Map<string, Kind>();
    for (const [bin, weight] of distribution) {
      if (weight <= 0) continue;
      const row = tests.armRow(propensityBps, name, bin);
      const outcome = outcomeOf(bin, name);
      const key = `${row.join()} ${outcome.value} ${outcome.naive}`;
      kinds.set(key, { row, outcome, share: weight + (kinds.get(key)?.share ?? 0) });
    }
    return new ArmTraffic([...kinds.values()], REQUESTS_PER_MINUTE * part);
  };
  return {
    fromMinute,
    baseline: arm("baseline", phase.baseline, 1 - share),
    candidate: arm("candidate", phase.candidate, share),
  };
}
