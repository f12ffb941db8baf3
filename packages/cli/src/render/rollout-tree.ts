import type { DecisionSummary, RolloutDetail, Verdict } from "@spillway/contract";
import { comparisonKind, harmInWords, oddsInWords, unitOfMetric } from "@spillway/sdk";
import { isOver } from "../active-rollout.ts";
import { formatDuration } from "../duration.ts";
import { gateBadge, stateBadge, stateIcon, verdictBadge } from "./icons.ts";
import { MARGIN_NOTE } from "./margin-note.ts";
import { count, percentOfBps, utcTime } from "./numbers.ts";
import type { Paint } from "./paint.ts";
import { indent, renderTable } from "./table.ts";

export type RolloutTree = {
  readonly detail: RolloutDetail;
  /** Newest first. */
  readonly decisions: readonly DecisionSummary[];
  /** By the server's clock. */
  readonly nowMs: number;
};

/** Everything about one rollout on one screen: where it is, why, and what it is judged by. */
export function renderRolloutTree({ detail, decisions, nowMs }: RolloutTree, paint: Paint): string {
  const sections = [
    heading(detail, paint),
    section("stages", stageLadder({ detail, nowMs }, paint), paint),
    section("gate", gateRows(detail, { nowMs, paint }), paint),
    section("unmet", detail.unmet.map(({ sentence }) => `• ${sentence}`).join("\n"), paint),
    section("last decisions", decisionRows(decisions), paint),
  ];
  return sections.filter((text) => text !== "").join("\n\n");
}

function heading(detail: RolloutDetail, paint: Paint): string {
  const rows: [string, string][] = [
    ["strategy", `${strategyName(detail)}, tier ${detail.tier}, by ${detail.author}`],
    ["baseline", detail.baseline],
    ["candidate", [detail.candidate, ...detail.changes.map((c) => c.sentence)].join("\n")],
    ["share", shares(detail)],
    ["why", detail.sentence],
  ];
  if (detail.nextAction !== null) rows.push(["next", paint.bold(detail.nextAction)]);
  const lines = rows.map(([name, text]) =>
    `  ${paint.dim(name.padEnd(9))}  ${indent(text, " ".repeat(13)).trimStart()}`.trimEnd(),
  );
  const id = paint.dim(`${detail.id}, version ${detail.version}`);
  const title = `⟳ ${paint.bold(detail.feature)}  ${stateBadge(detail, paint)}  ${id}`;
  return [title, ...lines].join("\n");
}

/** "careful, revision 2": the first one is only what was started with, and goes without saying. */
const strategyName = ({ strategy, revision }: RolloutDetail): string =>
  revision > 1 ? `${strategy}, revision ${revision}` : strategy;

function shares({ setShareBps, actualShareBps }: RolloutDetail): string {
  const actual = actualShareBps === null ? "no request yet" : percentOfBps(actualShareBps);
  return `set ${percentOfBps(setShareBps)}, actual ${actual}`;
}

function stageLadder(
  { detail, nowMs }: Pick<RolloutTree, "detail" | "nowMs">,
  paint: Paint,
): string {
  const rows = detail.stages.map((stage, index) => {
    const exposure = detail.exposures.find(({ stageIndex }) => stageIndex === index);
    const counted = (exposure?.baseline ?? 0) + (exposure?.candidate ?? 0);
    const actual =
      exposure === undefined || counted === 0
        ? "-"
        : percentOfBps((exposure.candidate / counted) * 10_000);
    return [
      stageWord(detail, index, paint),
      stage.name,
      percentOfBps(stage.shareBps),
      actual,
      exposure === undefined ? "-" : observations(exposure),
      index === detail.stageIndex && detail.enteredAtMs !== null && !isOver(detail)
        ? `for ${formatDuration(nowMs - detail.enteredAtMs)}`
        : "",
    ];
  });
  return renderTable(["", "stage", "set", "actual", "n (baseline / candidate)", ""], rows);
}

/** A stage behind is "done" and not "passed": a person may have promoted over it. */
function stageWord(detail: RolloutDetail, index: number, paint: Paint): string {
  if (detail.state === "completed") return paint.green("✔ done");
  if (detail.stageIndex === null || index > detail.stageIndex) return paint.dim("• later");
  if (index < detail.stageIndex) return paint.green("✔ done");
  return `${stateIcon(detail.state, paint)} ${isOver(detail) ? "ended" : "now"}`;
}

function gateRows(
  { report, strategyDetail }: RolloutDetail,
  { nowMs, paint }: { readonly nowMs: number; readonly paint: Paint },
): string {
  if (report === null) return "";
  const harmOf = ({ criterionId, metric }: Verdict): HarmInWords => {
    const criterion = strategyDetail.criteria.find(({ id }) => id === criterionId);
    const kind = comparisonKind(criterion?.comparison);
    const unit = unitOfMetric(metric, strategyDetail.metrics);
    return (harm) => (harm === null ? "-" : harmInWords(harm, kind, unit));
  };
  const table = renderTable(
    [
      "verdict",
      "criterion",
      "slice",
      "harm",
      "interval",
      "hold at",
      "rollback at",
      "margin",
      "odds of harm",
      "odds of safety",
      "n (baseline / candidate)",
      "newest",
    ],
    report.verdicts.map((verdict) => [
      verdictBadge(verdict, paint),
      verdict.criterionId,
      verdict.slice,
      harmOf(verdict)(verdict.estimate),
      intervalText(verdict.interval, harmOf(verdict)),
      harmOf(verdict)(verdict.levels.hold),
      harmOf(verdict)(verdict.levels.rollback),
      harmOf(verdict)(verdict.levels.margin),
      oddsInWords(verdict.logHarm),
      oddsInWords(verdict.logSafety),
      observations(verdict.observations),
      ageOf(verdict.newestAtMs, nowMs),
    ]),
  );
  const warnings = report.warnings.map(({ sentence }) => paint.yellow(`⚠ ${sentence}`));
  const gate = `${gateBadge(report.verdict, paint)}: ${withoutHold(report.sentence)}`;
  const isWidened = report.verdicts.some(({ levels }) => levels.margin !== levels.rollback);
  const note = isWidened ? [paint.dim(MARGIN_NOTE)] : [];
  return [gate, table, paint.dim(HARM_NOTE), ...note, ...warnings].join("\n");
}

const HARM_NOTE =
  "harm and its levels: how much worse the candidate is; above zero is worse, also where the metric fell";

/** Behind the word "hold" the one that a gate's sentence begins with says nothing new. */
const withoutHold = (sentence: string): string => sentence.replace(/^Hold: /, "");

/** How long ago the newest request was made that the row has a number for. */
function ageOf(newestAtMs: number | null | undefined, nowMs: number): string {
  return typeof newestAtMs === "number" ? `${formatDuration(nowMs - newestAtMs)} ago` : "-";
}

/** In the unit in which the strategy is written, so that a threshold is found again. */
type HarmInWords = (harm: number | null) => string;

function intervalText(interval: Verdict["interval"], inWords: HarmInWords): string {
  if (interval === null) return "-";
  const level = Number((interval.level * 100).toFixed(1));
  const low = inWords(interval.low).replace(/ points$/, "");
  return `${low} to ${inWords(interval.high)} (${level}%)`;
}

function observations(n: { baseline: number; candidate: number; pairs: number }): string {
  const arms = `${count(n.baseline)} / ${count(n.candidate)}`;
  if (n.pairs === 0) return arms;
  const pairs = `${count(n.pairs)} pairs`;
  return n.baseline + n.candidate === 0 ? pairs : `${arms}, ${pairs}`;
}

function decisionRows(decisions: readonly DecisionSummary[]): string {
  if (decisions.length === 0) return "";
  return renderTable(
    ["at", "decision", "stage", "by", "id", "reason"],
    decisions.map((decision) => [
      utcTime(decision.atMs),
      decision.decision,
      decision.stage ?? "-",
      decision.by,
      decision.id,
      decision.decision === "hold" ? withoutHold(decision.reason) : decision.reason,
    ]),
  );
}

function section(title: string, text: string, paint: Paint): string {
  return text === "" ? "" : `${paint.bold(title)}\n${indent(text)}`;
}
