import type { Exchange, Score } from "../exchange/exchange.ts";
import type { ScorerConfig } from "../feature/feature.ts";
import type { Json } from "../json.ts";
import type { DatasetCase } from "../release/component.ts";

/** What a scorer sees: the answer and, where the feature has a dataset, the case that it answers. */
export type ScorerInput = {
  readonly exchange: Pick<Exchange, "output" | "input" | "attributes" | "outcome">;
  readonly datasetCase: DatasetCase | null;
};

/** Deterministic and pure. `value: null` says "not scored" and why; it is never a zero. */
export type Scorer = (input: ScorerInput) => Score;

export type ScorerProblem = { readonly path: string; readonly message: string };

/** What scorers need and core does not have. */
export type ScorerPorts = {
  /** Compiles a JSON Schema once, so that a bad schema is a problem of the settings. */
  readonly compileSchema: (schema: Json) => SchemaOutcome;
  /**
   * Compiles a regular expression; flags are any of "i", "m", "s", "u". The time of a search must grow
   * linearly with the text, whatever the pattern: people write patterns and models write texts.
   */
  readonly compilePattern: (pattern: string, flags: string) => PatternOutcome;
};

export type PatternOutcome =
  | { readonly kind: "pattern"; readonly isFoundIn: (text: string) => boolean }
  | { readonly kind: "problem"; readonly message: string };

export type SchemaOutcome =
  /** `validate` returns sentences about what does not fit; none means valid. */
  | { readonly kind: "schema"; readonly validate: (value: Json) => readonly string[] }
  | { readonly kind: "problem"; readonly message: string };

export type ScorerOutcome =
  | { readonly kind: "scorer"; readonly score: Scorer }
  | { readonly kind: "problems"; readonly problems: readonly ScorerProblem[] };

export type ScorerFactory = (config: ScorerConfig, ports: ScorerPorts) => ScorerOutcome;

/** A number with what is to be said about it, or null with why there is none. */
export type Judgement = { readonly value: number | null; readonly note: string | null };

export type Judge = (output: string, input: ScorerInput) => Judgement;

/** Longer answers are not scored: the time that a scorer takes must have a bound. */
const MAX_SCORED_CHARS = 200_000;

export const notScored = (note: string): Judgement => ({ value: null, note });

/** 1 or 0; the note belongs to the 0. */
export const passed = (isPassed: boolean, note: string): Judgement =>
  isPassed ? { value: 1, note: null } : { value: 0, note };

/**
 * A scorer from its judge, or the problems of its settings. Only whole answers are judged: half of one
 * would be scored as worse than what the model says. `judgesPartial` is for what must not have been
 * said, because the half was seen too.
 */
export function scorerOf(
  config: ScorerConfig,
  parts: {
    readonly problems: readonly ScorerProblem[];
    readonly judge: Judge;
    readonly judgesPartial?: boolean;
  },
): ScorerOutcome {
  if (parts.problems.length > 0) return { kind: "problems", problems: parts.problems };
  const { metric, kind: scorer } = config;
  return {
    kind: "scorer",
    score: (input) => ({ metric, scorer, ...judgement(input, parts) }),
  };
}

function judgement(
  input: ScorerInput,
  parts: { readonly judge: Judge; readonly judgesPartial?: boolean },
): Judgement {
  const { output, outcome } = input.exchange;
  if (output === null) return notScored("There is no answer.");
  const isJudged = outcome === "ok" || (parts.judgesPartial === true && outcome === "truncated");
  if (!isJudged) return notScored(`The call ended as "${outcome}".`);
  if (output.length > MAX_SCORED_CHARS) {
    return notScored(`The answer has more than ${MAX_SCORED_CHARS} characters.`);
  }
  return parts.judge(output, input);
}

/** The scores of one exchange, one for each scorer, in their order. */
export function scoreExchange(scorers: readonly Scorer[], input: ScorerInput): Score[] {
  return scorers.map((score) => score(input));
}
