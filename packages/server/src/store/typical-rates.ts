import type { MetricDefinition } from "@spillway/core";
import { sql } from "kysely";
import type { Database } from "./database.ts";

/** A week has every weekday once; older exchanges may be of another time. */
const WINDOW_MS = 7 * 86_400_000;
/** The newest of them are plenty for a rate, and bound the query. */
const EXCHANGES_MAX = 20_000;
const OBSERVATIONS_MIN = 100;
/** With so many events a rate is known to a tenth of itself: enough to refuse a limit by. */
const EVENTS_KNOWN = 100;
/** With fewer events a rate says only that it is low. */
const EVENTS_ROUGH = 10;

/** Rates that the gateway sees itself; all others are scores, of scorers or of people. */
const MEASURED = {
  error_rate: sql<boolean>`(x.outcome <> 'ok' or (x.record->>'isFallback')::boolean)`,
  fallback_rate: sql<boolean>`(x.record->>'isFallback')::boolean`,
} as const;

export type TypicalRates = {
  /** Of at least a hundred events. */
  readonly known: Readonly<Record<string, number>>;
  /** Good enough to aim a test and to plan by, and not to refuse a policy by. */
  readonly rough: Readonly<Record<string, number>>;
};

type Source = { readonly feature: string; readonly release: string; readonly nowMs: number };
type Counted = { readonly metric: string; readonly events: number; readonly observations: number };

/**
 * The rates that a release has shown over its answers of the last week. Left out where there are too few
 * answers, and where so few events that the catalogue's guess, being lower, is as good.
 */
export async function loadTypicalRates(
  database: Database,
  of: Source,
  metrics: readonly MetricDefinition[],
): Promise<TypicalRates> {
  const rates = metrics.filter(({ kind }) => kind === "binary");
  const scored = rates.filter(({ name }) => !Object.hasOwn(MEASURED, name));
  const measured = rates.filter(({ name }) => Object.hasOwn(MEASURED, name));
  const counted = [
    ...(await Promise.all(measured.map(({ name }) => countMeasured(database, of, name)))),
    ...(scored.length === 0 ? [] : await countScores(database, of, scored)),
  ];
  const known: Record<string, number> = {};
  const rough: Record<string, number> = {};
  for (const metric of rates) {
    const count = counted.find((one) => one.metric === metric.name);
    if (count === undefined || count.observations < OBSERVATIONS_MIN) continue;
    const rarer = Math.min(count.events, count.observations - count.events);
    // Half an event more: what was never seen may still be.
    const rate = (count.events + 0.5) / (count.observations + 1);
    if (rarer >= EVENTS_KNOWN) known[metric.name] = rate;
    else if (rarer >= EVENTS_ROUGH || isRarer(rate, metric)) rough[metric.name] = rate;
  }
  return { known, rough };
}

function isRarer(rate: number, { expected }: MetricDefinition): boolean {
  const guess = expected?.value ?? 0.5;
  return Math.min(rate, 1 - rate) < Math.min(guess, 1 - guess);
}

/** Scores stand under the name of the raw number. */
const sourceOf = ({ name, source }: MetricDefinition): string => source ?? name;

/** The newest answers of a release that would count for a gate. */
const newest = ({ feature, release, nowMs }: Source) => sql`
  from exchanges as x
  where x.feature = ${feature} and x.release = ${release}
    and x.role = 'primary' and x.outcome <> 'cancelled'
    and (x.record->>'isRepeat')::boolean is not true
    and x.started_at_ms > ${nowMs - WINDOW_MS}
  order by x.started_at_ms desc
  limit ${EXCHANGES_MAX}`;

async function countMeasured(database: Database, of: Source, metric: string): Promise<Counted> {
  const event = MEASURED[metric as keyof typeof MEASURED];
  const { rows } = await sql<{ events: number; observations: number }>`
    select count(*) filter (where v.is_event)::int as events, count(*)::int as observations
    from (select ${event} as is_event ${newest(of)}) as v`.execute(database.kysely);
  return { metric, events: rows[0]?.events ?? 0, observations: rows[0]?.observations ?? 0 };
}

async function countScores(
  database: Database,
  of: Source,
  metrics: readonly MetricDefinition[],
): Promise<readonly Counted[]> {
  const { rows } = await sql<Omit<Counted, "metric"> & { readonly source: string }>`
    select s.metric as source, count(*) filter (where s.value >= 0.5)::int as events, count(s.value)::int as observations
    from (select x.id ${newest(of)}) as v
    join scores as s on s.exchange_id = v.id
    where s.value is not null and s.metric in (${sql.join(metrics.map(sourceOf))})
    group by s.metric`.execute(database.kysely);
  return metrics.flatMap((metric) =>
    rows
      .filter(({ source }) => source === sourceOf(metric))
      .map((row) => ({ ...row, metric: metric.name })),
  );
}
