import type { BacktestResult, BacktestSummary } from "../local-server.ts";
import { count, decimal } from "./numbers.ts";
import type { Paint } from "./paint.ts";
import { renderTable } from "./table.ts";

/** Everything that was played, for people: each pair, how it moved otherwise, and all against what was published. */
export function renderBacktest(
  results: readonly BacktestResult[],
  summary: BacktestSummary,
  paint: Paint,
): string {
  const plays =
    summary.seeds.length > 1 ? renderShares(summary, paint) : renderPlays(results, paint);
  return [
    plays,
    renderOperational(results),
    renderConfusion(summary, paint),
    renderNotJudged(results),
    renderSameVersion(summary),
    renderViolations(summary, paint),
    `Strategy ${summary.strategy}, ${seedsInWords(summary.seeds)}.`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function renderPlays(results: readonly BacktestResult[], paint: Paint): string {
  const words = {
    completed: paint.green("✔ completed"),
    rolled_back: paint.red("✖ rolled back"),
    held: paint.yellow("⚠ held"),
  };
  return renderTable(
    ["pair", "outcome", "stage", "metric", "slice", "n", "exposed", "hours", "reason"],
    results.map((result) => [
      result.pair,
      result.isUndecidable ? paint.yellow("⚠ held, undecidable") : words[result.outcome],
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

function renderShares({ pairs, seeds }: BacktestSummary, paint: Paint): string {
  const share = (plays: number): string => percent(plays / seeds.length);
  const painted = (plays: number, colour: (text: string) => string): string =>
    plays > 0 ? colour(share(plays)) : "-";
  return renderTable(
    ["pair", "completed", "rolled back", "undecidable", "held", pairsHeading(pairs), "causes"],
    pairs.map(({ pair, plan, causes, ...counts }) => [
      pair,
      painted(counts.completed, paint.green),
      painted(counts.rolledBack, paint.red),
      painted(counts.heldUndecidable, paint.yellow),
      painted(counts.heldSuspected + counts.heldUnproven, paint.yellow),
      plan === null ? "-" : planInWords(plan),
      causes.join(", ") || "-",
    ]),
  );
}

function pairsHeading(pairs: BacktestSummary["pairs"]): string {
  const [chance] = pairs.flatMap(({ plan }) => plan?.chance ?? []);
  return chance === undefined ? "pairs it takes" : `pairs it takes, at ${percent(chance)}`;
}

function planInWords(plan: NonNullable<BacktestSummary["pairs"][number]["plan"]>): string {
  const where = plan.slice === "*" ? "" : ` of ${plan.slice}`;
  const needed = plan.needed === null ? "more than can be" : count(plan.needed);
  const has = `${plan.suffices ? "has" : "has only"} ${count(plan.observations)}`;
  return `${needed} for ${plan.question}${where}; ${has}`;
}

const OPERATIONAL: readonly { readonly metric: string; readonly heading: string }[] = [
  { metric: "format_valid", heading: "format valid" },
  { metric: "latency_p95", heading: "latency p95, ms" },
  { metric: "tokens_per_call", heading: "tokens per call" },
  { metric: "cost_per_call", heading: "cost per call, $" },
];

/** One line for each pair, whatever the number of seeds: it is of the recording, and not of a play. */
function renderOperational(results: readonly BacktestResult[]): string {
  const byPair = new Map(results.map((result) => [result.pair, result.operational]));
  const columns = OPERATIONAL.filter(({ metric }) =>
    [...byPair.values()].some((moves) => moves[metric] !== undefined),
  );
  if (columns.length === 0) return "";
  return renderTable(
    ["baseline -> candidate", ...columns.map(({ heading }) => heading)],
    [...byPair].map(([pair, moves]) => [
      pair,
      ...columns.map(({ metric }) => moveInWords(moves[metric])),
    ]),
  );
}

function moveInWords(move: BacktestResult["operational"][string] | undefined): string {
  if (move === undefined) return "-";
  const { baseline, candidate, change, low, high } = move;
  const ends = low === null || high === null ? "" : ` [${signed(low)}, ${signed(high)}]`;
  const relative = change === null ? "" : ` ${signed(change)}${ends}`;
  return `${decimal(baseline)} -> ${decimal(candidate)}${relative}`;
}

function renderConfusion({ confusion }: BacktestSummary, paint: Paint): string {
  if (confusion.length === 0) return "";
  const rows = confusion.map((row) => [
    row.group,
    count(row.pairs),
    count(row.completed),
    count(row.rolledBack),
    count(row.heldUndecidable),
    count(row.heldSuspected),
    count(row.heldUnproven),
  ]);
  return renderTable(
    [
      "published",
      "pairs",
      paint.green("completed"),
      paint.red("rolled back"),
      paint.yellow("held, undecidable"),
      paint.yellow("held, suspected"),
      paint.yellow("held, unproven"),
    ],
    rows,
  );
}

function renderNotJudged(results: readonly BacktestResult[]): string {
  const sources = new Map<string, Set<string>>();
  for (const { pair, notJudged } of results) {
    for (const criterion of notJudged) {
      const source = pair.split(":")[0] ?? pair;
      sources.set(criterion, (sources.get(criterion) ?? new Set()).add(source));
    }
  }
  return [...sources]
    .map(
      ([criterion, of]) => `Not judged, for want of values: ${criterion} of ${[...of].join(", ")}.`,
    )
    .join("\n");
}

function renderSameVersion({ sameVersion, alpha }: BacktestSummary): string {
  if (sameVersion === null) return "";
  const { plays, rolledBack, allowed, level } = sameVersion;
  return (
    `Versions beside themselves: ${count(rolledBack)} of ${count(plays)} plays rolled back. At a chance of ` +
    `${percent(alpha)} each, more than ${count(allowed)} would be in ${percent(level)} of runs at most.`
  );
}

function renderViolations({ violations }: BacktestSummary, paint: Paint): string {
  return violations.map((sentence) => paint.red(`Violated: ${sentence}`)).join("\n");
}

function seedsInWords(seeds: readonly number[]): string {
  const [first] = seeds;
  const isRange = seeds.every((seed, index) => seed === (first ?? 0) + index);
  if (seeds.length === 1) return `seed ${first}`;
  return `seeds ${isRange ? `${first} to ${seeds.at(-1)}` : seeds.join(", ")}`;
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))}%`;

const signed = (share: number): string => (share > 0 ? `+${percent(share)}` : percent(share));
