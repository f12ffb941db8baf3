import { parseArgs } from "node:util";

export type CrashTestOptions = {
  readonly rounds: number;
  /** The kills follow from it, and nothing else does: traffic and timing are those of the machine. */
  readonly seed: number;
  readonly isJson: boolean;
};

const USAGE = "usage: crash-test [--rounds 20] [--seed N] [--json]";

const DEFAULT_ROUNDS = 20;
const MAX_ROUNDS = 1_000;
const MAX_SEED = 2 ** 32 - 1;

/** Throws with what is wrong and the usage. */
export function parseOptions(argv: readonly string[], anySeed: () => number): CrashTestOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: "string" },
      seed: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  return {
    rounds: wholeNumber("--rounds", values.rounds, { fallback: DEFAULT_ROUNDS, max: MAX_ROUNDS }),
    seed: wholeNumber("--seed", values.seed, { fallback: anySeed(), max: MAX_SEED }),
    isJson: values.json,
  };
}

function wholeNumber(
  name: string,
  found: string | undefined,
  bounds: { readonly fallback: number; readonly max: number },
): number {
  if (found === undefined) return bounds.fallback;
  const parsed = Number(found);
  if (Number.isInteger(parsed) && parsed >= 1 && parsed <= bounds.max) return parsed;
  throw new Error(`${name} is "${found}"; wanted a whole number from 1 to ${bounds.max}. ${USAGE}`);
}
