import type { StrategyPlan } from "../local-server.ts";
import { formatDuration } from "../duration.ts";
import { count, decimal, percentOfBps } from "./numbers.ts";
import type { Paint } from "./paint.ts";
import { renderTable } from "./table.ts";

type PlanStage = StrategyPlan["stages"][number];
type PlanRow = PlanStage["rows"][number];
type Needed = NonNullable<PlanRow["hours"]>["clear"];

const HOUR_MS = 3_600_000;

/** Every stage with what its criteria need: chances of 50, 80 and 95% side by side. */
export function renderPlan(plan: StrategyPlan, paint: Paint): string {
  const rate = decimal(Number(plan.requestsPerHour.toPrecision(6)));
  const heading = `${plan.strategy} at ${rate} requests an hour. Times for a chance of 50 / 80 / 95%, answers for 80%.`;
  const head = plan.units === null ? heading : `${heading}\n${unitsText(plan.units)}`;
  return [head, ...plan.stages.map((stage) => renderStage(stage, paint))].join("\n\n");
}

/** How what keeps one arm is taken to return: an assumption, so it is always said. */
export function unitsText({
  unit,
  requestsPerUnit,
  correlation,
}: NonNullable<StrategyPlan["units"]>) {
  const effect = 1 + (requestsPerUnit - 1) * correlation;
  return `Assigned by ${unit}: ${decimal(requestsPerUnit)} requests of each with a correlation of ${decimal(correlation)} are assumed (--sticky), so ${decimal(effect)} times the answers.`;
}

function renderStage(stage: PlanStage, paint: Paint): string {
  const rows = stage.rows.map((row) => [
    row.isReview ? `${row.criterionId} (asks a person)` : row.criterionId,
    row.slice === "*" ? "all" : row.slice,
    statusText(row, paint),
    needText(row, "detectOnce"),
    needText(row, "detectTwice"),
    needText(row, "clear"),
  ]);
  const table = renderTable(
    ["criterion", "slice", "", "catch its level", "catch twice", "clear a good change"],
    rows,
  );
  return [
    paint.bold(headingOf(stage)),
    table,
    ...stage.rows.flatMap((row) => reviewNote(row, stage.evidence)),
  ].join("\n");
}

/** Other than a row that takes back: what it does not tell apart is no gap, since a person is asked then. */
function reviewNote(
  { criterionId, slice, isReview, hours, observations }: PlanRow,
  evidence: PlanStage["evidence"],
): string[] {
  if (!isReview || slice !== "*" || hours === null || observations === null) return [];
  const { p80 } = hours.clear;
  const goesOn =
    p80 === null
      ? "No change is cleared at this traffic, so every one waits for the person."
      : `A good change goes on without one after ${timeText(p80)} (${countText(observations.clear)} ${evidence}) with a chance of 80%; what is not cleared, a change at its level among it, waits for the person.`;
  return [`${criterionId} asks a person and never takes back. ${goesOn}`];
}

function headingOf({ name, shareBps, shadowBps, evidence, hoursAvailable }: PlanStage): string {
  const share = evidence === "pairs" ? shadowBps : shareBps;
  const what = evidence === "none" ? "no new evidence" : `${percentOfBps(share)}, ${evidence}`;
  const time =
    hoursAvailable === null ? "no longest time" : formatDuration(hoursAvailable * HOUR_MS);
  return `${name} (${what}, ${time})`;
}

const WORDS = {
  decidable: "✔",
  too_little: "⚠ too little",
  decided_before: "- decided before",
  never_seen: "✖ never seen",
  not_asked: "- not asked",
  unsupported: "✖ unsupported",
} as const;

function statusText({ status }: PlanRow, paint: Paint): string {
  const text = WORDS[status];
  if (status === "decidable") return paint.green(text);
  return status === "decided_before" || status === "not_asked" ? text : paint.yellow(text);
}

function needText(
  { hours, observations, isReview }: PlanRow,
  of: keyof NonNullable<PlanRow["hours"]>,
) {
  if (hours === null || observations === null) return "-";
  const isNever = Object.values(hours[of]).every((needed) => needed === null);
  if (isReview && isNever) return "a person decides";
  const times = [hours[of].p50, hours[of].p80, hours[of].p95].map(timeText).join(" / ");
  return `${times} (${countText(observations[of])})`;
}

function timeText(hours: number | null): string {
  return hours === null ? "never" : formatDuration(hours * HOUR_MS);
}

function countText({ p80 }: Needed): string {
  return p80 === null ? "-" : count(p80);
}
