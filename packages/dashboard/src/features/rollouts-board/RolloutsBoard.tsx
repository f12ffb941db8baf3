import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClock } from "../../control/clock.ts";
import { failureOf } from "../../control/problem.ts";
import { featuresQuery, gatewaysQuery, healthQuery, rolloutsQuery } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { Button } from "../../ui/Button.tsx";
import { FailureNote } from "../../ui/FailureNote.tsx";
import { ChevronIcon } from "../../ui/icons.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { lightOfRollout } from "../../ui/rollout-state.ts";
import { useTitle } from "../../ui/use-title.ts";
import { boardProblems } from "./board-problems.ts";
import type { BoardRow } from "./board-rows.ts";
import { boardOf, keepOrder } from "./board-rows.ts";
import { LIGHT_WORD } from "../../ui/light.ts";
import { BoardTable } from "./BoardTable.tsx";
import { EmptyBoard } from "./EmptyBoard.tsx";
import { GatewaysStrip } from "./GatewaysStrip.tsx";
import { ProblemsBanner } from "./ProblemsBanner.tsx";

export type BoardView = { readonly filter: string; readonly showsOthers: boolean };

export function RolloutsBoard(props: {
  readonly view: BoardView;
  readonly onView: (view: BoardView) => void;
}) {
  const { client } = useSession();
  const features = useQuery(featuresQuery(client));
  const rollouts = useQuery(rolloutsQuery(client));
  const gateways = useQuery(gatewaysQuery(client));
  const health = useQuery(healthQuery(client));
  const clock = useClock();
  const { view, onView } = props;
  useTitle("Releases");

  const error = features.error ?? rollouts.error;
  if (features.data === undefined || rollouts.data === undefined) {
    return error === null ? (
      <Loading what="Releases" />
    ) : (
      <FailureNote failure={failureOf(error)} />
    );
  }
  const whole = boardOf(features.data, rollouts.data, "");
  const board = view.filter === "" ? whole : boardOf(features.data, rollouts.data, view.filter);
  const problems = boardProblems({
    board: whole,
    gateways: gateways.data,
    health: health.data?.health,
    nowMs: clock.nowMs,
    speed: clock.speed ?? 1,
  });
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-lg font-semibold">Releases</h1>
        <Filter view={view} onView={onView} />
      </div>
      {error !== null && <FailureNote failure={failureOf(error)} />}
      <ProblemsBanner problems={problems} />
      {gateways.data !== undefined && (
        <GatewaysStrip gateways={gateways.data} nowMs={clock.nowMs} />
      )}
      {features.data.length === 0 ? (
        <EmptyBoard />
      ) : (
        <>
          <OpenRollouts rows={board.open} nowMs={clock.nowMs} isFiltered={view.filter !== ""} />
          <Others rows={board.others} nowMs={clock.nowMs} view={view} onView={onView} />
        </>
      )}
    </div>
  );
}

function Filter({
  view,
  onView,
}: {
  readonly view: BoardView;
  readonly onView: (view: BoardView) => void;
}) {
  return (
    <label className="flex items-center gap-2 text-xs text-muted">
      Filter
      <input
        type="search"
        data-filter
        value={view.filter}
        placeholder="feature, state, strategy"
        onChange={(event) => onView({ ...view, filter: event.target.value })}
        className="h-8 w-56 rounded-md border border-edge bg-surface px-2.5 text-sm text-ink placeholder:text-muted"
      />
    </label>
  );
}

function OpenRollouts(props: {
  readonly rows: readonly BoardRow[];
  readonly nowMs: number;
  readonly isFiltered: boolean;
}) {
  const [shown, setShown] = useState<readonly string[]>(() => props.rows.map((row) => row.feature));
  const byFeature = new Map(props.rows.map((row) => [row.feature, row]));
  const wanted = props.rows.map((row) => row.feature);
  const { order, isChanged } = keepOrder(shown, wanted);
  const rows = order.flatMap((feature) => byFeature.get(feature) ?? []);
  return (
    <section aria-labelledby="open-title" className="rounded-lg border border-line bg-surface">
      <header className="flex min-h-10 flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-1.5">
        <h2 id="open-title" className="text-sm font-semibold">
          Under way or waiting <span className="font-normal text-muted">{rows.length}</span>
        </h2>
        {isChanged && !props.isFiltered && (
          <Button size="small" onClick={() => setShown(wanted)}>
            Order has changed: sort again
          </Button>
        )}
      </header>
      <SpokenVerdicts rows={rows} />
      {rows.length === 0 ? (
        <p className="px-4 py-6 text-muted">
          {props.isFiltered
            ? "No rollout under way matches the filter."
            : "No rollout is under way. `spillway start` begins one."}
        </p>
      ) : (
        <BoardTable
          caption="Rollouts under way or waiting, worst first"
          rows={rows}
          nowMs={props.nowMs}
        />
      )}
    </section>
  );
}

/** Tells a screen reader of a changed verdict, and of nothing else that moves on the board. */
function SpokenVerdicts({ rows }: { readonly rows: readonly BoardRow[] }) {
  return (
    <ul aria-live="polite" aria-label="Verdicts" className="sr-only">
      {rows.map(({ feature, rollout }) => {
        if (rollout === null) return null;
        const { light, word } = lightOfRollout(rollout);
        return <li key={feature}>{`${feature}: ${word ?? LIGHT_WORD[light]}`}</li>;
      })}
    </ul>
  );
}

function Others(props: {
  readonly rows: readonly BoardRow[];
  readonly nowMs: number;
  readonly view: BoardView;
  readonly onView: (view: BoardView) => void;
}) {
  const { rows, view } = props;
  if (rows.length === 0) return null;
  return (
    <section className="rounded-lg border border-line bg-surface">
      <h2>
        <button
          type="button"
          aria-expanded={view.showsOthers}
          onClick={() => props.onView({ ...view, showsOthers: !view.showsOthers })}
          className="flex min-h-10 w-full items-center gap-2 px-4 py-1.5 text-left text-sm font-semibold hover:bg-raised/60"
        >
          <span className={view.showsOthers ? "rotate-90" : ""}>
            <ChevronIcon />
          </span>
          Nothing under way <span className="font-normal text-muted">{rows.length}</span>
        </button>
      </h2>
      {view.showsOthers && (
        <div className="border-t border-line">
          <BoardTable
            caption="Features without a rollout under way"
            rows={rows}
            nowMs={props.nowMs}
          />
        </div>
      )}
    </section>
  );
}
