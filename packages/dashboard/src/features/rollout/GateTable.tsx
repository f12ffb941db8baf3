import type { GateReport, Strategy } from "@spillway/contract";
import { oddsInWords } from "@spillway/sdk";
import { GateLight } from "../../ui/GateLight.tsx";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Time } from "../../ui/Time.tsx";
import { visible } from "../../ui/words.ts";
import type { GateRow } from "./gate-rows.ts";
import { gateRows } from "./gate-rows.ts";
import { IntervalBar } from "./IntervalBar.tsx";

/** So many slices are shown before the rest is folded. */
const SLICES_SHOWN = 5;

export function GateTable(props: {
  readonly title: string;
  readonly report: GateReport;
  readonly strategy: Strategy;
  /** Evidence from before the last revision does not count. */
  readonly isRevised: boolean;
  readonly showsAllSlices: boolean;
  readonly onShowAllSlices: (shows: boolean) => void;
}) {
  const { report, strategy, showsAllSlices } = props;
  const { overall, slices } = gateRows(report, strategy);
  const shown = showsAllSlices ? slices : slices.slice(0, SLICES_SHOWN);
  return (
    <Panel title={props.title} aside={<Legend />} isPadded={false}>
      {report.warnings.length > 0 && (
        <ul className="border-b border-line bg-hold-soft px-4 py-2">
          {report.warnings.map((warning) => (
            <li key={warning.sentence}>{visible(warning.sentence)}</li>
          ))}
        </ul>
      )}
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Criteria, scrollable">
        <Rows caption="Criteria on all traffic, worst first" rows={overall} first="Criterion" />
        {slices.length > 0 && (
          <Rows
            caption="Criteria on slices, worst first"
            rows={shown}
            first="By slice, worst first"
          />
        )}
      </div>
      {slices.length > SLICES_SHOWN && (
        <div className="border-t border-line px-4 py-2">
          <Button
            size="small"
            aria-expanded={showsAllSlices}
            onClick={() => props.onShowAllSlices(!showsAllSlices)}
          >
            {showsAllSlices
              ? `Show the ${SLICES_SHOWN} worst only`
              : `Show ${slices.length - SLICES_SHOWN} more`}
          </Button>
        </div>
      )}
      <p className="border-t border-line px-4 py-2 text-xs text-muted">
        Window: all stages {props.isRevised ? "of the present strategy" : "of this rollout"} so far.
        Before a stage is left each criterion must be proven to stay below that stage's margin. Over
        all criteria and slices together, harm {oddsInWords(report.logHarm)}. Harm grows to the
        right. Intervals hold however often they are looked at. Method {visible(report.method)}.
      </p>
    </Panel>
  );
}

function Legend() {
  const lines = [
    { word: "no harm", stroke: "var(--edge)", strokeWidth: 1 },
    { word: "hold", stroke: "var(--hold)", strokeWidth: 1.5, strokeDasharray: "3 2.5" },
    { word: "rollback", stroke: "var(--fail)", strokeWidth: 1.5 },
  ];
  return (
    <span className="inline-flex flex-wrap items-center gap-x-4">
      {lines.map(({ word, ...look }) => (
        <span key={word} className="inline-flex items-center gap-1.5">
          <svg width="6" height="14" aria-hidden="true">
            <path d="M3 0v14" {...look} />
          </svg>
          {word}
        </span>
      ))}
      <span className="inline-flex items-center gap-1.5">
        <svg width="6" height="14" aria-hidden="true">
          <path d="M0 4h6l-3 5z" fill="var(--accent)" />
        </svg>
        margin
      </span>
    </span>
  );
}

const HEADS = [
  { name: "Verdict", className: "w-[13%]" },
  { name: "Baseline", className: "w-[9%] text-right" },
  { name: "Candidate", className: "w-[9%] text-right" },
  { name: "Harm and interval", className: "w-[26%]" },
  { name: "n, baseline / candidate", className: "w-[10%] text-right" },
  { name: "Odds", className: "w-[14%] pr-4 text-right" },
];

/** Below 48rem each criterion becomes a block; the roles keep it a table for assistive tools. */
function Rows(props: {
  readonly caption: string;
  readonly rows: readonly GateRow[];
  readonly first: string;
}) {
  return (
    <table
      role="table"
      className="block w-full border-b border-line last:border-b-0 md:table md:min-w-[54rem] md:table-fixed"
    >
      <caption className="sr-only">{props.caption}</caption>
      <thead role="rowgroup" className="hidden md:table-header-group">
        <tr role="row" className="border-b border-line text-left text-xs text-muted">
          {[{ name: props.first, className: "w-[19%] pl-4" }, ...HEADS].map((head) => (
            <th
              key={head.name}
              role="columnheader"
              scope="col"
              className={`px-2 py-2 align-bottom font-medium ${head.className}`}
            >
              {head.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" className="block md:table-row-group">
        {props.rows.map((row) => (
          <Row key={row.key} row={row} />
        ))}
      </tbody>
    </table>
  );
}

const CELL = "block md:table-cell md:px-2 md:pt-2.5 md:text-right";

function Row({ row }: { readonly row: GateRow }) {
  return (
    <>
      <tr
        role="row"
        className="grid grid-cols-2 gap-x-4 gap-y-1.5 px-4 pt-3 align-top md:table-row md:p-0"
      >
        <th
          role="rowheader"
          scope="row"
          className="block text-left font-normal md:table-cell md:pt-2.5 md:pr-2 md:pl-4"
        >
          <span className="block font-semibold break-words">{row.slice ?? row.criterion}</span>
          {row.slice !== null && <span className="block text-muted">{row.criterion}</span>}
        </th>
        <td role="cell" className="block justify-self-end md:table-cell md:px-2 md:pt-2">
          <GateLight light={row.light} {...(row.word === null ? {} : { word: row.word })} />
        </td>
        <td role="cell" className={`${CELL} order-2 text-baseline`}>
          <Narrow label="Baseline" />
          {row.baseline}
        </td>
        <td role="cell" className={`${CELL} order-2 text-right text-accent`}>
          <Narrow label="Candidate" />
          {row.candidate}
        </td>
        <td role="cell" className="order-1 col-span-2 block md:table-cell md:px-2 md:pt-1.5">
          <IntervalBar scale={row.scale} light={row.light} spoken={row.spoken} />
          <span className="block">
            <b className="font-semibold">{row.estimate}</b>{" "}
            <span className="text-xs text-muted">{row.interval}</span>
          </span>
        </td>
        <td role="cell" className={`${CELL} order-3`}>
          <Narrow label="n" />
          {row.counts}
          {row.newestAtMs !== null && (
            <span className="block text-xs text-muted">
              newest <Time ms={row.newestAtMs} />
            </span>
          )}
          {row.needs !== null && <span className="block text-xs text-muted">{row.needs}</span>}
        </td>
        <td role="cell" className={`${CELL} order-3 text-right text-xs md:pr-4`}>
          {row.harmOdds === null ? (
            <span className="text-muted">none yet</span>
          ) : (
            <>
              <span className="block">harm {row.harmOdds}</span>
              <span className="block">safe {row.safetyOdds}</span>
            </>
          )}
        </td>
      </tr>
      <tr role="row" className="block border-b border-line last:border-b-0 md:table-row">
        <td
          role="cell"
          colSpan={7}
          className="block px-4 pt-1 pb-2.5 text-xs text-muted md:table-cell"
        >
          {visible(row.sentence)}
          {row.rule !== null && row.slice === null && <> Rule: {visible(row.rule)}</>} Method:{" "}
          {visible(row.method)}.
        </td>
      </tr>
    </>
  );
}

/** The column's name, where there is no head above it. */
function Narrow({ label }: { readonly label: string }) {
  return <span className="text-xs text-muted md:hidden">{label} </span>;
}
