import type { Json, JsonObject } from "@spillway/core";
import { AppError, findMetric, isJsonObject } from "@spillway/core";

export type PlayableStrategy = {
  readonly document: JsonObject;
  /** Criteria that were set aside, because the recording has nothing that they could judge. */
  readonly notJudged: readonly string[];
};

/** Stages before the first that users' requests reach: a recording is of users' requests alone. */
const STAGES_WITHOUT_USERS: readonly Json[] = ["evaluate", "staging"];
/** Where a strategy names criteria by their ids, beside the gate itself. */
const LISTS_OF_CRITERIA = ["prove", "review"];

/**
 * What of a strategy file a recording can play. Left out are criteria on what it has no values of, since
 * silence never passes and nothing would ever complete; stages that no user's request reaches; and
 * approvals, since no person is there to give or refuse them.
 */
export function playableStrategy(
  document: JsonObject,
  recorded: ReadonlySet<string>,
): PlayableStrategy {
  const gate = isJsonObject(document["gate"]) ? document["gate"] : {};
  const notJudged = Object.entries(gate)
    .filter(([id, fields]) => isKnownMissing(id, fields, recorded))
    .map(([id]) => id);
  if (notJudged.length > 0 && notJudged.length === Object.keys(gate).length) {
    throw new AppError(
      "invalid_request",
      `The recording has nothing that the strategy judges: ${notJudged.join(", ")}. It has ${[...recorded].join(", ")}.`,
    );
  }
  return {
    document: {
      ...document,
      ...(notJudged.length > 0 ? { gate: without(gate, notJudged) } : {}),
      ...(Array.isArray(document["stages"])
        ? { stages: playableStages(document["stages"], notJudged) }
        : {}),
    },
    notJudged,
  };
}

function isKnownMissing(id: string, fields: Json, recorded: ReadonlySet<string>): boolean {
  if (!isJsonObject(fields)) return false;
  const metric = fields["metric"] ?? id;
  // A name that nobody knows is a mistake of the file, and is left for its parser to report.
  return typeof metric === "string" && findMetric(metric) !== undefined && !recorded.has(metric);
}

function playableStages(stages: readonly Json[], notJudged: readonly string[]): readonly Json[] {
  const played = stages.filter(
    (stage) => !isJsonObject(stage) || !STAGES_WITHOUT_USERS.includes(stage["stage"] ?? null),
  );
  return played.map((stage) => {
    if (!isJsonObject(stage)) return stage;
    const lists = LISTS_OF_CRITERIA.flatMap((key) => {
      const ids = stage[key];
      if (!Array.isArray(ids)) return [];
      const left = ids.filter((id) => !notJudged.includes(String(id)));
      return left.length === 0 ? [] : [[key, left] as const];
    });
    return { ...without(stage, ["approval", ...LISTS_OF_CRITERIA]), ...Object.fromEntries(lists) };
  });
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}
