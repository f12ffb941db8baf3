import { Link } from "@tanstack/react-router";
import { GateLight } from "../../ui/GateLight.tsx";
import { ArrowIcon } from "../../ui/icons.tsx";
import { MiniLadder } from "../../ui/MiniLadder.tsx";
import { RolloutEnd } from "../../ui/RolloutEnd.tsx";
import { isOver, lightOfRollout } from "../../ui/rollout-state.ts";
import { ShareBar } from "../../ui/ShareBar.tsx";
import { Tier } from "../../ui/Tier.tsx";
import { EARLIER_ROLLOUTS } from "../../ui/anchors.ts";
import { durationInWords, releaseBeside, share, visible } from "../../ui/words.ts";
import type { BoardRow } from "./board-rows.ts";
import { sinceOf } from "./board-rows.ts";

const HEADS = [
  "Feature",
  "Baseline to candidate",
  "Stage",
  "Share",
  "Gate",
  "Why, and what next",
  "For",
];

/** A table that becomes a list of cards below 64rem; the roles keep it a table for assistive tools. */
export function BoardTable(props: {
  readonly caption: string;
  readonly rows: readonly BoardRow[];
  readonly nowMs: number;
}) {
  return (
    <table role="table" className="block w-full lg:table">
      <caption className="sr-only">{props.caption}</caption>
      <thead role="rowgroup" className="hidden lg:table-header-group">
        <tr role="row" className="border-b border-line text-left text-xs text-muted">
          {HEADS.map((head) => (
            <th
              key={head}
              role="columnheader"
              scope="col"
              className="px-3 py-2 font-medium first:pl-4 last:pr-4 last:text-right"
            >
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" className="block lg:table-row-group">
        {props.rows.map((row) => (
          <BoardTableRow key={row.feature} row={row} nowMs={props.nowMs} />
        ))}
      </tbody>
    </table>
  );
}

const CELL = "block lg:table-cell lg:px-3 lg:py-3 lg:align-top";

function BoardTableRow({ row, nowMs }: { readonly row: BoardRow; readonly nowMs: number }) {
  const { rollout } = row;
  const sinceMs = rollout === null ? null : sinceOf(rollout);
  const light = rollout === null ? null : lightOfRollout(rollout);
  return (
    <tr
      role="row"
      className="grid grid-cols-[1fr_auto] gap-x-3 gap-y-2 border-b border-line px-4 py-3 last:border-b-0 focus-within:bg-raised/60 hover:bg-raised/60 lg:table-row lg:p-0"
    >
      <th
        role="rowheader"
        scope="row"
        className="block text-left font-normal lg:table-cell lg:w-[17%] lg:py-3 lg:pr-3 lg:pl-4 lg:align-top"
      >
        <FeatureName row={row} />
      </th>
      <td role="cell" className={`${CELL} order-3 lg:w-[11%]`}>
        <Move row={row} />
      </td>
      <td role="cell" className={`${CELL} order-5 lg:w-[10%]`}>
        {rollout !== null && <StageCell rollout={rollout} />}
      </td>
      <td role="cell" className={`${CELL} order-6 lg:w-[12.5%]`}>
        {rollout !== null && <ShareCell rollout={rollout} />}
      </td>
      <td role="cell" className={`${CELL} order-2 justify-self-end lg:w-[9%]`}>
        {light !== null && (
          <GateLight light={light.light} {...(light.word === null ? {} : { word: light.word })} />
        )}
      </td>
      <td role="cell" className={`${CELL} order-7 col-span-2`}>
        <Why row={row} />
      </td>
      <td
        role="cell"
        className={`${CELL} order-4 text-right leading-6 whitespace-nowrap text-muted lg:w-[7%] lg:pr-4`}
      >
        {sinceMs === null ? "" : durationInWords(nowMs - sinceMs)}
      </td>
    </tr>
  );
}

function FeatureName({ row }: { readonly row: BoardRow }) {
  const name = <span className="font-semibold break-words">{row.feature}</span>;
  return (
    <>
      <span className="flex flex-wrap items-center gap-x-2">
        {row.rollout === null ? (
          name
        ) : (
          <Link
            to="/rollouts/$id"
            params={{ id: row.rollout.id }}
            data-row
            className="inline-flex min-h-6 items-center underline-offset-2 hover:underline"
          >
            {name}
          </Link>
        )}
        <Tier tier={row.tier} />
      </span>
      <span className="block text-xs text-muted">{visible(row.title)}</span>
    </>
  );
}

function Move({ row }: { readonly row: BoardRow }) {
  const { rollout, feature } = row;
  if (rollout === null) {
    const serves =
      row.baseline === null ? "serves nothing yet" : releaseBeside(row.baseline, feature);
    return <span className="font-mono leading-6 text-baseline">{serves}</span>;
  }
  return (
    <span className="inline-flex min-h-6 items-center gap-1.5 font-mono">
      <span title={rollout.baseline} className="text-muted">
        {releaseBeside(rollout.baseline, feature)}
      </span>
      <span className="text-muted">
        <ArrowIcon />
      </span>
      <span className="sr-only"> to </span>
      <span title={rollout.candidate} className="font-semibold text-accent">
        {releaseBeside(rollout.candidate, feature)}
      </span>
    </span>
  );
}

type Rollout = NonNullable<BoardRow["rollout"]>;

function StageCell({ rollout }: { readonly rollout: Rollout }) {
  const stage = rollout.stageIndex === null ? undefined : rollout.stages[rollout.stageIndex];
  const end =
    rollout.state === "completed"
      ? "completed"
      : rollout.state === "rolled_back" || rollout.state === "aborted"
        ? "taken_back"
        : "open";
  return (
    <>
      <MiniLadder stages={rollout.stages} currentIndex={rollout.stageIndex} end={end} />
      <span className="mt-0.5 block text-xs text-muted">
        {end === "completed" ? "all stages" : (stage?.name ?? "not entered")}
      </span>
    </>
  );
}

function ShareCell({ rollout }: { readonly rollout: Rollout }) {
  if (isOver(rollout)) {
    return (
      <span className="block text-xs text-muted lg:pt-1">
        <RolloutEnd rollout={rollout} />
      </span>
    );
  }
  const actual = rollout.actualShareBps;
  return (
    <>
      <span className="flex h-6.5 items-center">
        <ShareBar setShareBps={rollout.setShareBps} actualShareBps={actual} />
      </span>
      <span className="mt-0.5 block text-xs text-muted lg:whitespace-nowrap">
        set {share(rollout.setShareBps)}
        {actual !== null && `, actual ${share(actual)}`}
      </span>
    </>
  );
}

function Why({ row }: { readonly row: BoardRow }) {
  const { rollout, rolloutCount } = row;
  if (rollout === null) {
    return <span className="leading-6 text-muted">No rollout so far.</span>;
  }
  return (
    <div className="max-w-[44rem] lg:pt-0.5">
      <p>{visible(rollout.sentence)}</p>
      {rollout.nextAction !== null && (
        <p className="mt-0.5 text-muted">
          <span className="font-semibold text-ink">Next:</span> {visible(rollout.nextAction)}
        </p>
      )}
      {isOver(rollout) && rolloutCount > 1 && (
        <Link
          to="/rollouts/$id"
          params={{ id: rollout.id }}
          hash={EARLIER_ROLLOUTS}
          className="inline-flex min-h-6 items-center text-muted underline underline-offset-2"
        >
          {rolloutCount - 1} earlier {rolloutCount === 2 ? "rollout" : "rollouts"}
          <span className="sr-only"> of {row.feature}</span>
        </Link>
      )}
    </div>
  );
}
