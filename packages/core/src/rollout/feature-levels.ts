import type { JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import type { StrategyProblem } from "./strategy.ts";

/** What a criterion writes in place of a number that each feature has of its own. */
const SLA = "sla";

/**
 * A strategy document with the levels of one feature in place of their names: `limit: sla` becomes the
 * feature's SLA. Done once, before the start; the result is what is parsed and frozen.
 *
 * @param slaLatencyMs The feature's promise in milliseconds; null when it has made none.
 */
export function withFeatureLevels(
  document: JsonObject,
  { slaLatencyMs }: { readonly slaLatencyMs: number | null },
): { readonly document: JsonObject; readonly problems: readonly StrategyProblem[] } {
  const gate = document["gate"];
  if (!isJsonObject(gate)) return { document, problems: [] };
  const problems: StrategyProblem[] = [];
  const criteria = Object.entries(gate).map(([id, criterion]) => {
    if (!isJsonObject(criterion) || criterion["limit"] !== SLA) return [id, criterion] as const;
    if (slaLatencyMs === null) {
      const message = `Found "${SLA}", and the feature has none. Wanted a feature with slaLatencyMs, or a limit such as 2.5s.`;
      problems.push({ path: `gate.${id}.limit`, message });
    }
    return [id, { ...criterion, limit: `${slaLatencyMs ?? 1}ms` }] as const;
  });
  return { document: { ...document, gate: Object.fromEntries(criteria) }, problems };
}
