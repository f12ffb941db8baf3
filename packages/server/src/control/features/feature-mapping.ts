import type * as Wire from "@spillway/contract";
import type { DeclaredMetric, Feature } from "@spillway/core";
import { textOfCount } from "@spillway/core";
import type { FeatureRecord } from "../../ports/registry-records.ts";
import type { FeatureMoved, WhoServedPort } from "../control-ports.ts";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

/** The salt of a feature that names none is its key, so that features assign independently. */
export function featureDefinitionOf(draft: Wire.FeatureDraft): Feature {
  const { assignment, key, title, owner, tier, rules, slices, fallback, scorers, metrics } = draft;
  const { unit, attribute, onMissing, salt } = assignment;
  return {
    key,
    title,
    owner,
    tier,
    assignment: { unit, attribute, onMissing, salt: salt ?? key },
    rules: rules.map(({ ring, ...rule }) => (ring === undefined ? rule : { ...rule, ring })),
    slices,
    fallback,
    scorers,
    ...(metrics.length === 0 ? {} : { metrics: metrics.map(declaredMetricOf) }),
    slaLatencyMs: draft.slaLatencyMs,
  };
}

/** Left out is what was left out: a draft that was read back is the draft. */
function declaredMetricOf({
  expected: { value, spread },
  unit,
  range,
  expectedDelaySeconds,
  source,
  description,
  ...rest
}: Wire.FeatureDraft["metrics"][number]): DeclaredMetric {
  return {
    ...rest,
    expected: spread === undefined ? { value } : { value, spread },
    ...(unit === undefined ? {} : { unit }),
    ...(range === undefined ? {} : { range }),
    ...(expectedDelaySeconds === undefined ? {} : { expectedDelaySeconds }),
    ...(source === undefined ? {} : { source }),
    ...(description === undefined ? {} : { description }),
  };
}

export function featureOf(record: FeatureRecord): ReadOnly<Wire.Feature> {
  const { key, title, owner, tier, assignment, rules, slices, fallback, scorers, slaLatencyMs } =
    record.definition;
  return {
    key,
    title,
    owner,
    tier,
    assignment,
    rules,
    slices,
    fallback,
    scorers,
    metrics: [...(record.definition.metrics ?? [])].map((metric) => ({ ...metric })),
    slaLatencyMs,
    baseline: record.baseline,
    isKilled: record.isKilled,
    activeRolloutId: record.activeRolloutId,
    createdAtMs: record.createdAtMs,
  };
}

export function featureMoveOf(feature: string, moved: FeatureMoved): Wire.FeatureMove {
  const { from, to, decisionId, snapshotRevision, sentence } = moved;
  return { feature, from, to, decisionId, snapshotRevision, sentence };
}

type Served = NonNullable<Awaited<ReturnType<WhoServedPort["whoServed"]>>>;

export function whoServedOf(
  query: { readonly feature: string; readonly atMs: number; readonly tenant: string | null },
  found: Served,
): ReadOnly<Wire.WhoServed> {
  const { baseline, candidate, setShareBps, isKilled, served } = found;
  return {
    ...query,
    baseline,
    candidate,
    setShareBps,
    isKilled,
    served: served.map((of) => ({ ...of })),
    sentence: whoServedSentence(query, found),
  };
}

function whoServedSentence(
  query: { readonly feature: string; readonly atMs: number; readonly tenant: string | null },
  found: Served,
): string {
  const at = new Date(query.atMs).toISOString();
  if (found.baseline === null) return `${query.feature} served nothing yet at ${at}.`;
  const { candidate, setShareBps } = found;
  const split =
    candidate === null || setShareBps === 0 || found.isKilled
      ? `${query.feature} was served by ${found.baseline}`
      : `${query.feature} was served by ${found.baseline} and, for ${setShareBps / 100}%, ${candidate}`;
  const killed = found.isKilled ? ", with the kill switch on" : "";
  const who = query.tenant === null ? "" : ` for tenant ${query.tenant}`;
  const counted = found.served
    .map((each) => `${textOfCount(each.exchanges)} by ${each.release}`)
    .join(", ");
  const seen = counted === "" ? "No exchange is stored around it" : `Stored around it: ${counted}`;
  return `At ${at} ${split}${killed}. ${seen}${who}.`;
}
