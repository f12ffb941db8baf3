import { unreachable } from "../errors.ts";
import { BUCKETING_ALGORITHM, bucketOf, fractional } from "./fractional.ts";
import { murmur3 } from "./murmur3.ts";
import type { PinRule } from "../feature/feature.ts";
import type { FeatureRoute, RolloutRoute } from "./snapshot.ts";

export type Arm = "baseline" | "candidate";

export type AssignmentContext = {
  readonly requestId: string;
  readonly conversation: string | null;
  readonly user: string | null;
  readonly tenant: string | null;
  readonly attributes: Readonly<Record<string, string>>;
};

export type AssignmentReason = "killed" | "no_rollout" | "rule" | "ring" | "unit_missing" | "split";

export type Assignment = {
  readonly arm: Arm;
  readonly reason: AssignmentReason;
  /** 0..9999, the unit's fixed place; in the candidate's arm iff below the share. Null if not hashed. */
  readonly bucket: number | null;
  /** The value that was hashed, without the salt; null if none was. */
  readonly unit: string | null;
  /**
   * Whether chance alone decided, with a known propensity. Only such exchanges are evidence: pinned,
   * killed and unit-less traffic is not.
   */
  readonly isRandomised: boolean;
  readonly algorithm: string;
};

export type AssignmentOutcome =
  | { readonly kind: "assigned"; readonly assignment: Assignment }
  | { readonly kind: "unit_missing"; readonly unit: string };

const TOTAL_BPS = 10_000;

/**
 * Which arm answers. Same input, same answer; whoever is in the candidate's arm at one share is in it
 * at every larger share, because the candidate is listed first (flagd `fractional` v2, 0.01% steps).
 */
export function assign(route: FeatureRoute, context: AssignmentContext): AssignmentOutcome {
  const unit = unitOf(route, context);
  // A strategy's own unit never turns a request away: the feature was integrated without it.
  const isOwnUnit = route.rollout?.unit === undefined;
  if (unit === null && route.assignment.onMissing === "error" && isOwnUnit) {
    return { kind: "unit_missing", unit: unitName(route) };
  }
  if (route.isKilled) return fixed("baseline", "killed", unit);
  if (route.rollout === null) return fixed("baseline", "no_rollout", unit);
  const rule = pinRule(route, context);
  if (rule !== null) {
    const arm = answersNobody(route.rollout) ? "baseline" : rule.arm;
    return fixed(arm, rule.ring === undefined ? "rule" : "ring", unit);
  }
  const canBeRequest = route.assignment.onMissing === "request" && isOwnUnit;
  const key = unit ?? (canBeRequest ? context.requestId : null);
  if (key === null) return fixed("baseline", "unit_missing", null);
  return assigned({
    arm: splitArm(route.assignment.salt + key, route.rollout.shareBps),
    reason: unit === null ? "unit_missing" : "split",
    bucket: bucketOf(murmur3(route.assignment.salt + key), TOTAL_BPS),
    unit: key,
    // Drawn anew with each request: one person would be counted in both arms.
    isRandomised: unit !== null,
  });
}

/**
 * Before its first share a candidate is compared out of sight, and no rule may show it. Staging is
 * the exception: there it answers those whom a rule names, and nobody else.
 */
function answersNobody(rollout: RolloutRoute): boolean {
  return rollout.shareBps === 0 && rollout.stageKind !== "staging";
}

/** Sampling of shadow copies: its own salt, so that it is independent of the arm. */
export function isShadowed(route: FeatureRoute, requestId: string): boolean {
  if (route.isKilled || route.rollout === null || route.rollout.shadowBps <= 0) return false;
  return (
    splitArm(`shadow:${route.assignment.salt}${requestId}`, route.rollout.shadowBps) === "candidate"
  );
}

/** The arm that did not answer: what a shadow copy is sent to. */
export function otherArm(arm: Arm): Arm {
  return arm === "baseline" ? "candidate" : "baseline";
}

function splitArm(key: string, shareBps: number): Arm {
  return (
    fractional<Arm>(key, [
      ["candidate", shareBps],
      ["baseline", TOTAL_BPS - shareBps],
    ]) ?? "baseline"
  );
}

/** The first rule that is in force and is about this request. */
function pinRule(route: FeatureRoute, context: AssignmentContext): PinRule | null {
  const served = route.rollout?.rings ?? [];
  const rule = route.rules.find(({ attribute, values, ring }) => {
    if (ring !== undefined && !served.includes(ring)) return false;
    const found = attributeOf(attribute, context);
    return found !== null && values.includes(found);
  });
  return rule ?? null;
}

/**
 * The unit's value. An empty one is no unit: everybody without a user would otherwise be one and the
 * same user, and change arms together.
 */
function unitOf(route: FeatureRoute, context: AssignmentContext): string | null {
  const found = rawUnitOf(route, context);
  return found === "" ? null : found;
}

function rawUnitOf(route: FeatureRoute, context: AssignmentContext): string | null {
  const { attribute } = route.assignment;
  const unit = route.rollout?.unit ?? route.assignment.unit;
  switch (unit) {
    case "request":
      return context.requestId;
    case "conversation":
      return context.conversation;
    case "user":
      return context.user;
    case "tenant":
      return context.tenant;
    case "attribute":
      return attribute === null ? null : attributeOf(attribute, context);
    default:
      return unreachable(unit);
  }
}

function unitName(route: FeatureRoute): string {
  return route.assignment.unit === "attribute"
    ? (route.assignment.attribute ?? "attribute")
    : route.assignment.unit;
}

function attributeOf(name: string, context: AssignmentContext): string | null {
  if (name === "user") return context.user;
  if (name === "tenant") return context.tenant;
  if (name === "conversation") return context.conversation;
  return Object.hasOwn(context.attributes, name) ? (context.attributes[name] ?? null) : null;
}

const fixed = (arm: Arm, reason: AssignmentReason, unit: string | null): AssignmentOutcome =>
  assigned({ arm, reason, bucket: null, unit, isRandomised: false });

const assigned = (assignment: Omit<Assignment, "algorithm">): AssignmentOutcome => ({
  kind: "assigned",
  assignment: { ...assignment, algorithm: BUCKETING_ALGORITHM },
});
