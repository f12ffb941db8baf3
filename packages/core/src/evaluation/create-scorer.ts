import type { ScorerConfig } from "../feature/feature.ts";
import { jsonSchema, regex } from "./format-scorers.ts";
import { exactMatch, judgedAnswers, normalisedMatch } from "./match-scorers.ts";
import type { ScorerFactory, ScorerOutcome, ScorerPorts, ScorerProblem } from "./scorer.ts";
import { forbiddenStrings, lengthBounds, requiredFacts } from "./text-scorers.ts";

/** The deterministic scorers by the kind that a feature's configuration names. */
const SCORERS: Readonly<Record<string, ScorerFactory>> = {
  exact_match: exactMatch,
  normalised_match: normalisedMatch,
  json_schema: jsonSchema,
  regex,
  length_bounds: lengthBounds,
  forbidden_strings: forbiddenStrings,
  required_facts: requiredFacts,
  judged_answers: judgedAnswers,
};

const METRIC_NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** A scorer from its configuration, or every problem that the configuration has. */
export function createScorer(config: ScorerConfig, ports: ScorerPorts): ScorerOutcome {
  const factory = Object.hasOwn(SCORERS, config.kind) ? SCORERS[config.kind] : undefined;
  if (factory === undefined) {
    const message = `Found "${config.kind}", wanted one of ${Object.keys(SCORERS).join(", ")}.`;
    return { kind: "problems", problems: [{ path: "kind", message }] };
  }
  const outcome = factory(config, ports);
  if (METRIC_NAME.test(config.metric)) return outcome;
  const problem: ScorerProblem = {
    path: "metric",
    message: `Found "${config.metric}", wanted a name of small letters, digits and "_", such as quality.`,
  };
  const others = outcome.kind === "problems" ? outcome.problems : [];
  return { kind: "problems", problems: [problem, ...others] };
}
