import { formatDuration } from "../duration.ts";
import type { RehearsalReport, ScenarioResult, StrategyPlan } from "../local-server.ts";
import { count, decimal } from "./numbers.ts";
import type { Paint } from "./paint.ts";
import { unitsText } from "./plan.ts";
import { renderTable } from "./table.ts";

const HOUR_MS = 3_600_000;

/** The answer in a sentence, then a row for each invented candidate. */
export function renderRehearsal(
  rehearsal: RehearsalReport & {
    readonly requestsPerHour: number;
    readonly units: StrategyPlan["units"];
    readonly repetitions: number;
    readonly seed: number;
    readonly results: readonly ScenarioResult[];
  },
  paint: Paint,
): string {
  const { answer, requestsPerHour, units, repetitions, seed, results, broken } = rehearsal;
  const rate = decimal(Number(requestsPerHour.toPrecision(6)));
  const how = `${count(repetitions)} rollouts of each kind at ${rate} requests an hour, seed ${seed}.`;
  const table = renderTable(
    ["candidate", "rolled back", "after", "95% by", "people", "95%", "promoted", "after", "open"],
    results.map((result) => rowOf(result, paint)),
  );
  const bounds = broken.map(({ bound, sentence }) => paint.red(`✖ ${bound}: ${sentence}`));
  return [
    paint.bold(answer),
    how,
    ...(units === null ? [] : [unitsText(units)]),
    "",
    table,
    ...(bounds.length > 0 ? ["", ...bounds] : []),
  ].join("\n");
}

function rowOf(result: ScenarioResult, paint: Paint): string[] {
  const { scenario, hoursToRollback, exposed, medianHoursToPromote } = result;
  const isHarmless = scenario.criterionId === null;
  const rolledBack = percent(result.rolledBack);
  const isBad = isHarmless ? result.rolledBack > 0.05 : result.promoted > 0.05;
  return [
    scenario.title,
    isBad ? paint.red(rolledBack) : rolledBack,
    time(hoursToRollback.median),
    time(hoursToRollback.p95),
    // Of a harmless candidate it says nothing how many people saw it.
    isHarmless ? "-" : count(exposed.median),
    isHarmless ? "-" : count(exposed.p95),
    percent(result.promoted),
    time(medianHoursToPromote),
    percent(result.undecided + result.open),
  ];
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`;
}

function time(hours: number | null): string {
  return hours === null ? "-" : formatDuration(hours * HOUR_MS);
}
