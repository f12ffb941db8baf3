import type { Feature } from "../feature/feature.ts";
import { FEATURE_KEY_PATTERN } from "../feature/feature.ts";
import { canonicalJson } from "../release/canonical-json.ts";
import type { Json } from "../json.ts";
import { metricProblems } from "./assess-metrics.ts";
import type { ConfigurationProblem } from "./configuration-problem.ts";

/** What is wrong with a feature's definition by itself, before anything else is looked up. */
export function featureProblems(feature: Feature): ConfigurationProblem[] {
  return [
    ...keyProblems(feature),
    ...assignmentProblems(feature),
    ...repeatProblems("slices", feature.slices),
    ...repeatProblems(
      "scorers",
      feature.scorers.map((scorer) => scorer.metric),
    ),
    ...metricProblems(feature.metrics ?? []),
    ...fallbackProblems(feature),
  ];
}

/**
 * What a feature must have before it serves anybody. A wrong answer at tier 1 or 2 needs a way out, so
 * a declared fallback is required there (product rule B4).
 */
export function servingProblems(
  feature: Pick<Feature, "key" | "tier" | "fallback">,
): ConfigurationProblem[] {
  if (feature.tier === 3 || feature.fallback !== null) return [];
  const message =
    `${feature.key} is tier ${feature.tier} and has no fallback, so it cannot serve. ` +
    'Wanted fallback: { kind: "static", text: ... } or { kind: "release", releaseId: ... }.';
  return [{ path: "fallback", message }];
}

/**
 * What of a feature stays as it is while a rollout is under way. Assignment and rules say who is in
 * which arm; slices, scorers and metrics say what is counted where. Changed in between, they would put two
 * populations or two definitions of quality into one and the same cell.
 */
const FROZEN_BY_ROLLOUT = ["assignment", "rules", "slices", "scorers", "metrics"] as const;

/** The frozen parts that a change touches, by name; none means that a rollout does not mind. */
export function rolloutConflicts(before: Feature, after: Feature): string[] {
  return FROZEN_BY_ROLLOUT.filter(
    (part) =>
      canonicalJson((before[part] ?? []) as Json) !== canonicalJson((after[part] ?? []) as Json),
  );
}

function keyProblems(feature: Feature): ConfigurationProblem[] {
  if (FEATURE_KEY_PATTERN.test(feature.key)) return [];
  const message = `Found "${feature.key}", wanted lower-case letters, digits and hyphens, at most 63.`;
  return [{ path: "key", message }];
}

function assignmentProblems(feature: Feature): ConfigurationProblem[] {
  const { unit, attribute } = feature.assignment;
  const path = "assignment.attribute";
  if (unit === "attribute" && (attribute === null || attribute === "")) {
    return [
      { path, message: 'Wanted the attribute to assign by, because the unit is "attribute".' },
    ];
  }
  if (unit !== "attribute" && attribute !== null) {
    const message = `Found "${attribute}" although the unit is "${unit}". Wanted unit: attribute.`;
    return [{ path, message }];
  }
  return [];
}

function fallbackProblems(feature: Feature): ConfigurationProblem[] {
  const { fallback } = feature;
  if (fallback === null || fallback.kind === "static") return [];
  if (fallback.releaseId.startsWith(`${feature.key}@`)) return [];
  const message = `Found "${fallback.releaseId}", wanted a release of ${feature.key}.`;
  return [{ path: "fallback.releaseId", message }];
}

function repeatProblems(path: string, found: readonly string[]): ConfigurationProblem[] {
  return found.flatMap((name, index) =>
    found.indexOf(name) === index
      ? []
      : [{ path: `${path}[${index}]`, message: `"${name}" is listed twice.` }],
  );
}
