import { unreachable } from "../errors.ts";
import { BUCKETING_ALGORITHM, bucketOf, fractional } from "./fractional.ts";
import { murmur3 } from "./murmur3.ts";
import type { FeatureRoute } from "./snapshot.ts";

export type Arm = "baseline" | "candidate";

export type AssignmentContext = {
  readonly requestId: string;
  readonly conversation: string | null;
  readonly user: string | null;
  readonly tenant: string | null;
  readonly attributes: Readonly<Record<string, string>>;
};

export type AssignmentReason = "killed" | "no_rollout" | "rule" | "unit_missing" | "split";

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
  if (unit === null && route.assignment.onMissing === "error") {
    return { kind: "unit_missing", unit: unitName(route) };
  }
  if (route.isKilled) return fixed("baseline", "killed", unit);
  if (route.rollout === null) return fixed("baseline", "no_rollout", unit);
  const pinned = pinnedArm(route, context);
  if (pinned !== null) return fixed(pinned, "rule", unit);
  const key = unit ?? (route.assignment.onMissing === "request" ? context.requestId : null);
  if (key === null) return fixed("baseline", "unit_missing", null);
  return assigned({
    arm: splitArm(route.assignment.salt + key, route.rollout.shareBps),
    reason: "split",
    bucket: bucketOf(murmur3(route.assignment.salt + key), TOTAL_BPS),
    unit: key,
    isRandomised: true,
  });
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

function pinnedArm(route: FeatureRoute, context: AssignmentContext): Arm | null {
  const rule = route.rules.find((candidate) => {
    const found = attributeOf(candidate.attribute, context);
    return found !== null && candidate.values.includes(found);
  });
  return rule?.arm ?? null;
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
  const { unit, attribute } = route.assignment;
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
