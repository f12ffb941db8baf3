/**
 * What a strategy demands of its own rehearsal (`spillway rehearse` ends with 1 when it is worse):
 *
 *     rehearsal: { known_within: 30m, at: 2x, chance: 0.95, most_exposed: 500, false_rollback: 5% }
 */
import type { JsonObject } from "../json.ts";
import type { RehearsalBounds } from "./strategy.ts";
import { percent } from "./strategy.ts";
import type { Fields, Parse } from "./strategy-fields.ts";
import {
  choice,
  duration,
  nested,
  optional,
  probability,
  refuseUnknown,
  share,
  wholeNumber,
} from "./strategy-fields.ts";
import { durationText } from "../duration.ts";

const KEYS = ["known_within", "at", "chance", "most_exposed", "false_rollback"];
const DEFAULT_CHANCE = 0.95;

/** The multiples that are rehearsed. */
const TIMES = { "1x": 1, "2x": 2, "5x": 5 } as const;

const times: Parse<1 | 2 | 5> = (found) => {
  const parsed = choice(Object.keys(TIMES) as (keyof typeof TIMES)[])(found);
  return parsed.kind === "value" ? { kind: "value", value: TIMES[parsed.value] } : parsed;
};

/** The bounds of a strategy file; null when it has none. */
export function parseRehearsalBounds(from: Fields): RehearsalBounds | null {
  const fields = nested(from, "rehearsal");
  if (fields === null) return null;
  refuseUnknown(fields, KEYS);
  const falseRollbackBps = optional(fields, "false_rollback", { parse: share, fallback: null });
  return {
    knownWithinSeconds: optional(fields, "known_within", { parse: duration, fallback: null }),
    at: optional(fields, "at", { parse: times, fallback: 1 as const }),
    chance: optional(fields, "chance", { parse: probability, fallback: DEFAULT_CHANCE }),
    mostExposed: optional(fields, "most_exposed", { parse: wholeNumber, fallback: null }),
    falseRollback: falseRollbackBps === null ? null : falseRollbackBps / 10_000,
  };
}

export function rehearsalBoundsToJson(bounds: RehearsalBounds): JsonObject {
  const { knownWithinSeconds, at, chance, mostExposed, falseRollback } = bounds;
  return {
    ...(knownWithinSeconds === null ? {} : { known_within: durationText(knownWithinSeconds) }),
    at: `${at}x`,
    chance,
    ...(mostExposed === null ? {} : { most_exposed: mostExposed }),
    ...(falseRollback === null
      ? {}
      : { false_rollback: percent(Math.round(falseRollback * 10_000)) }),
  };
}
