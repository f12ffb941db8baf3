import type { Acceptance } from "./acceptance.ts";
import type { CellFigures, Figures } from "./report.ts";

export type ResultsPage = {
  readonly machine: string;
  readonly figures: readonly CellFigures[];
  readonly acceptance: Acceptance;
  readonly further: Acceptance;
};

const GROUPS: Readonly<Record<string, string>> = {
  A: "Edit rate 15%, rollback at +2 points, a canary of 10%",
  A50: "The same with a canary of 50%",
  A7: "The same without any change, for a week",
  B: "Correction rate 8%, rollback at 1.5 times",
  C: "Guardrail trips 0.2%, rollback at 1.5 times",
  D: "Score of mean 0.8, hold at -5%, rollback at -10%",
  E: "p95 of latency, rollback at +10%",
  F: "Mean cost of a call, lognormal, rollback at +10%",
  F2: "The same with a far heavier tail",
  H: "Rates of which events are known late: a multiple on a ramp, points at half of the traffic",
  I: "A baseline that drifts while the canary ramps up",
  J: "One harmed slice of eight",
  K: "Harm that starts at once, late, or for an hour; an outage of both arms",
  L: "Users who come back within their visit",
  L2: "Users who come back all day",
  M: "Ten metrics, one of them harmed",
  N: "Rates from very few to very many, no change, looked at after every minute",
  O: "A split that is not as planned",
  R: "Production without a control arm, watched by the hour for two quiet weeks and a fall",
  S: "Pairs of answers to the same requests",
  T: "The whole ramp 1-5-25-50-100%, at most a week",
  U: "Wrong guesses of the baseline, policies far from the harm",
  V: "A baseline whose level differs from day to day",
  X: "An evaluation of eight categories before the start, one look",
  Y: "Promotion at the margin",
};

/** The page of results: for every group a table, each figure with its anchor in brackets. */
export function renderResults(page: ResultsPage): string {
  const most = Math.max(...page.figures.map(({ replications }) => replications));
  const groups = [...new Set(page.figures.map(({ cell }) => groupOf(cell)))];
  return [
    "# Decision benchmark: results",
    "",
    "Written by `npm run bench:decisions`; [docs/benchmarks.md](../../docs/benchmarks.md) says how to read",
    "it. Every figure stands before its anchor (in brackets), the figure of an independent simulation",
    "of the specification. A dash: not reached, or not known.",
    "",
    `Machine: ${page.machine}. Replications: ${most} at most, see n.`,
    "",
    "## Requirements",
    "",
    `${heldOf(page.acceptance)} requirements hold within three standard errors.`,
    "",
    ...listed(page.acceptance.misses),
    `Of the speeds that are not required and have an anchor, ${heldOf(page.further)} are within a tenth of it.`,
    "",
    ...listed(page.further.misses),
    ...groups.flatMap((group) => renderGroup(group, page.figures)),
  ].join("\n");
}

const heldOf = ({ count, misses }: Acceptance): string => `${count - misses.length} of ${count}`;

const listed = (lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [...lines.map((line) => `- ${line}`), ""];

function renderGroup(group: string, figures: readonly CellFigures[]): readonly string[] {
  const rows = figures.filter(({ cell }) => groupOf(cell) === group);
  const cells = [...new Set(rows.map(({ cell }) => cell))];
  return [
    `## ${group}. ${GROUPS[group] ?? ""}`,
    "",
    "| cell | rule | n | rolled back | median exposed | 80% exposed | promoted | median minutes to promote |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...cells.flatMap((cell) => rows.filter((row) => row.cell === cell).map(renderRow)),
    "",
  ];
}

function renderRow(row: CellFigures, position: number): string {
  const columns = [
    position === 0 ? shortName(row.cell) : "",
    row.rule === "spillway" ? "**spillway**" : row.rule,
    String(row.replications),
    ...COLUMNS.map(({ of, isRate }) => {
      const text = textOf(of(row), isRate);
      const anchor = row.anchor === null ? null : of(row.anchor);
      return anchor === null ? text : `${text} (${textOf(anchor, isRate)})`;
    }),
  ];
  return `| ${columns.join(" | ")} |`;
}

const COLUMNS: readonly {
  readonly of: (figures: Figures) => number | null;
  readonly isRate: boolean;
}[] = [
  { of: ({ rollbackRate }) => rollbackRate, isRate: true },
  { of: ({ medianExposed }) => medianExposed, isRate: false },
  { of: ({ p80Exposed }) => p80Exposed, isRate: false },
  { of: ({ promoteRate }) => promoteRate, isRate: true },
  { of: ({ medianMinutesToPromote }) => medianMinutesToPromote, isRate: false },
];

function textOf(figure: number | null, isRate: boolean): string {
  if (figure === null) return "–";
  return isRate ? `${(100 * figure).toFixed(1)}%` : String(Math.round(figure));
}

function groupOf(cell: string): string {
  return cell.slice(0, cell.indexOf("_"));
}

function shortName(cell: string): string {
  return cell.slice(cell.indexOf("_") + 1);
}
