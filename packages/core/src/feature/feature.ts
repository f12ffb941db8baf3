import type { JsonObject } from "../json.ts";
import type { DeclaredMetric } from "./declared-metric.ts";

/** 1 high, 2, 3 low: how much harm a wrong answer can do, and so which rules cannot be waived. */
export type RiskTier = 1 | 2 | 3;

export type AssignmentUnit = "request" | "conversation" | "user" | "tenant" | "attribute";

export type AssignmentPolicy = {
  readonly unit: AssignmentUnit;
  /** Which attribute, when the unit is `attribute`. */
  readonly attribute: string | null;
  /**
   * A request without its unit is an error by default, with or without a rollout under way, so that
   * it is found at integration and not on the day of the first canary.
   */
  readonly onMissing: "error" | "request" | "baseline";
  /** Kept with the feature, so that a new rollout does not re-randomise everyone. */
  readonly salt: string;
};

/**
 * Pins units to an arm, before any hashing. Pinned traffic is never evidence. While a rollout answers
 * nobody (evaluate, shadow) a pin to the candidate rests.
 */
export type PinRule = {
  readonly attribute: string;
  readonly values: readonly string[];
  readonly arm: "baseline" | "candidate";
  /** With a ring's name the rule rests until a rollout's strategy serves that ring. Absent: always. */
  readonly ring?: string;
};

export type Fallback =
  | { readonly kind: "static"; readonly text: string }
  | { readonly kind: "release"; readonly releaseId: string };

/** Configuration of one scorer; which kinds there are stands in evaluation/scorer.ts. */
export type ScorerConfig = {
  readonly kind: string;
  readonly metric: string;
  readonly settings: JsonObject;
};

/** An AI capability with a stable key. Clients name the key in the `model` field. */
export type Feature = {
  readonly key: string;
  readonly title: string;
  readonly owner: string;
  readonly tier: RiskTier;
  readonly assignment: AssignmentPolicy;
  readonly rules: readonly PinRule[];
  /** Attributes whose values are slices: ["document_type"] judges each document type on its own. */
  readonly slices: readonly string[];
  readonly fallback: Fallback | null;
  readonly scorers: readonly ScorerConfig[];
  /** Beside those of the catalogue. Absent: none. */
  readonly metrics?: readonly DeclaredMetric[];
  /** How long the feature's answers may take, for the SLA shown to people; null = none promised. */
  readonly slaLatencyMs: number | null;
};

export const FEATURE_KEY_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** The name of a slice: "document_type=discharge". */
export function sliceName(attribute: string, value: string): string {
  return `${attribute}=${value}`;
}

/** Bounded: a slicing attribute with more values than this is not a slice but an id. */
export const MAX_SLICES_PER_FEATURE = 100;

/** The slices that a request with these attributes belongs to. */
export function slicesOf(
  feature: Pick<Feature, "slices">,
  attributes: Readonly<Record<string, string>>,
): string[] {
  return feature.slices.flatMap((attribute) => {
    const found = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
    return found === undefined || found === "" ? [] : [sliceName(attribute, found)];
  });
}
