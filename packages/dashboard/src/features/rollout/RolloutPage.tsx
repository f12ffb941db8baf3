import type { GateReport } from "@spillway/contract";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useClock } from "../../control/clock.ts";
import { failureOf } from "../../control/problem.ts";
import type { RolloutDetail } from "../../control/queries.ts";
import { gatewaysQuery, rolloutQuery } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { ComponentDiff } from "../../ui/ComponentDiff.tsx";
import { FailureNote } from "../../ui/FailureNote.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { isOver } from "../../ui/rollout-state.ts";
import { visible } from "../../ui/words.ts";
import { DecisionLog } from "./DecisionLog.tsx";
import { EarlierRollouts } from "./EarlierRollouts.tsx";
import { ExposureTable } from "./ExposureTable.tsx";
import { GateTable } from "./GateTable.tsx";
import { ladderOf } from "./ladder.ts";
import { RolloutHeader } from "./RolloutHeader.tsx";
import { StageLadder } from "./StageLadder.tsx";
import { StrategyRevisions } from "./StrategyRevisions.tsx";
import { trafficFacts } from "./traffic-facts.ts";
import { TrafficStrip } from "./TrafficStrip.tsx";

type RolloutView = {
  readonly decision: string | null;
  readonly showsAllSlices: boolean;
};

type ViewProps = { readonly view: RolloutView; readonly onView: (view: RolloutView) => void };

export function RolloutPage({ id, ...view }: { readonly id: string } & ViewProps) {
  const { client } = useSession();
  const { data, error } = useQuery(rolloutQuery(client, id));
  if (data === undefined) {
    if (error === null) return <Loading what="Rollout" />;
    return <FailureNote failure={failureOf(error)} />;
  }
  return (
    <>
      {error !== null && <FailureNote failure={failureOf(error)} />}
      <Content key={id} rollout={data} {...view} />
    </>
  );
}

function Content({ rollout, view, onView }: { readonly rollout: RolloutDetail } & ViewProps) {
  const { client } = useSession();
  const gateways = useQuery(gatewaysQuery(client));
  const clock = useClock();
  const { nowMs } = clock;
  const stage = rollout.stageIndex === null ? undefined : rollout.stages[rollout.stageIndex];
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <RolloutHeader rollout={rollout} nowMs={nowMs} />
      <TrafficStrip
        rollout={rollout}
        facts={trafficFacts({ rollout, gateways: gateways.data, clock })}
      />
      {stage?.kind === "shadow" && (
        <p className="rounded-lg border border-dashed border-accent bg-accent-soft px-4 py-2">
          <b className="font-semibold">Nobody received the candidate's answers.</b> In this stage it
          gets copies of real requests, and what it says is compared and kept.
        </p>
      )}
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_19rem]">
        <div className="grid min-w-0 gap-4">
          <Unmet rollout={rollout} />
          <Gate rollout={rollout} view={view} onView={onView} />
          <Panel title="What changes" isPadded={false} aside={<DiffLink rollout={rollout} />}>
            <ComponentDiff changes={rollout.changes} />
          </Panel>
          <DecisionLog
            rolloutId={rollout.id}
            openDecision={view.decision}
            onOpen={(decision) => onView({ ...view, decision })}
          />
          <ExposureTable rollout={rollout} />
          <EarlierRollouts rollout={rollout} />
        </div>
        {/* With revisions it is longer than the window, and what sticks could not be scrolled to. */}
        <div className={`grid gap-4 ${rollout.revision > 1 ? "" : "xl:sticky xl:top-4"}`}>
          <StageLadder
            strategy={rollout.strategy}
            revision={rollout.revision}
            rungs={ladderOf(rollout, nowMs)}
          />
          <StrategyRevisions rollout={rollout} />
        </div>
      </div>
    </div>
  );
}

function Gate({ rollout, view, onView }: { readonly rollout: RolloutDetail } & ViewProps) {
  if (rollout.report === null) {
    return (
      <Panel title="Gate">
        <p className="text-muted">
          Nothing has been judged yet. The criteria stand, written before the start:
        </p>
        <ul className="mt-2 list-disc pl-5">
          {rollout.strategyDetail.criteria.map((criterion) => (
            <li key={criterion.id}>{visible(criterion.sentence)}</li>
          ))}
        </ul>
      </Panel>
    );
  }
  return (
    <GateTable
      title={isOver(rollout) ? "Gate, as it was at the end" : "Gate"}
      report={isOver(rollout) ? withoutOutlook(rollout.report) : rollout.report}
      strategy={rollout.strategyDetail}
      isRevised={rollout.revision > 1}
      showsAllSlices={view.showsAllSlices}
      onShowAllSlices={(showsAllSlices) => onView({ ...view, showsAllSlices })}
    />
  );
}

/** A rollout that is over waits for nothing more. */
function withoutOutlook(report: GateReport): GateReport {
  return { ...report, verdicts: report.verdicts.map((each) => ({ ...each, hoursNeeded: null })) };
}

function Unmet({ rollout }: { readonly rollout: RolloutDetail }) {
  if (rollout.unmet.length === 0) return null;
  return (
    <Panel
      title="Unmet requirements of the next stage"
      aside={`${rollout.unmet.length} ${rollout.unmet.length === 1 ? "requirement" : "requirements"}`}
    >
      <ul className="grid gap-1.5">
        {rollout.unmet.map(({ code, sentence }) => (
          <li key={`${code} ${sentence}`} className="grid gap-x-3 sm:grid-cols-[6.5rem_1fr]">
            <span className="font-semibold">{code}</span>
            <span>{visible(sentence)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function DiffLink({ rollout }: { readonly rollout: RolloutDetail }) {
  return (
    <Link
      to="/diff"
      search={{ from: rollout.baseline, to: rollout.candidate }}
      className="inline-flex min-h-6 items-center underline underline-offset-2"
    >
      {rollout.baseline} to {rollout.candidate}
    </Link>
  );
}
