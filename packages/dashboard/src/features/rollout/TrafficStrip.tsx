import type { RolloutDetail } from "../../control/queries.ts";
import { TriangleIcon } from "../../ui/icons.tsx";
import { RolloutEnd } from "../../ui/RolloutEnd.tsx";
import { isOver } from "../../ui/rollout-state.ts";
import { ShareBar } from "../../ui/ShareBar.tsx";
import { share, visible } from "../../ui/words.ts";
import type { TrafficFact } from "./traffic-facts.ts";

export function TrafficStrip(props: {
  readonly rollout: RolloutDetail;
  readonly facts: readonly TrafficFact[];
}) {
  const { rollout } = props;
  return (
    <section aria-label="Traffic" className="rounded-lg border border-line bg-surface">
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 px-4 py-3 md:grid-cols-3 xl:flex xl:justify-between">
        <div>
          <dt className="text-xs text-muted">Candidate's share</dt>
          <dd>
            <ShareNow rollout={rollout} />
          </dd>
        </div>
        {props.facts.map((fact) => (
          <div key={fact.name} className="min-w-0 xl:max-w-60">
            <dt className="text-xs text-muted">{fact.name}</dt>
            <dd>
              <span
                className={`flex items-center gap-1.5 text-base leading-6 font-semibold ${fact.isAmber ? "text-hold" : ""}`}
              >
                {fact.isAmber && <TriangleIcon />}
                {fact.value}
              </span>
              <span className="block text-xs text-muted">{visible(fact.detail)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function ShareNow({ rollout }: { readonly rollout: RolloutDetail }) {
  const { setShareBps, actualShareBps } = rollout;
  const isEnded = isOver(rollout);
  const actual =
    actualShareBps === null ? "set, none counted" : `actual, set ${share(setShareBps)}`;
  return (
    <>
      <span className="block text-base leading-6 font-semibold">
        {share(isEnded ? setShareBps : (actualShareBps ?? setShareBps))}
        <span className="ml-1.5 text-sm font-normal text-muted">
          {isEnded ? <RolloutEnd rollout={rollout} /> : actual}
        </span>
      </span>
      {!isEnded && (
        <ShareBar setShareBps={setShareBps} actualShareBps={actualShareBps} width={160} />
      )}
    </>
  );
}
