import type { BacktestResult } from "../local-server.ts";
import { count, decimal } from "./numbers.ts";
import type { Paint } from "./paint.ts";
import { renderTable } from "./table.ts";

export function renderBacktest(results: readonly BacktestResult[], paint: Paint): string {
  const words = {
    completed: paint.green("✔ completed"),
    rolled_back: paint.red("✖ rolled back"),
    held: paint.yellow("⚠ held"),
  };
  return renderTable(
    ["pair", "outcome", "stage", "metric", "slice", "n", "exposed", "hours", "reason"],
    results.map((result) => [
      result.pair,
      words[result.outcome],
      result.stage ?? "-",
      result.metric ?? "-",
      result.slice ?? "-",
      count(result.observations),
      count(result.exposed),
      decimal(Number(result.virtualHours.toFixed(1))),
      result.reason,
    ]),
  );
}
