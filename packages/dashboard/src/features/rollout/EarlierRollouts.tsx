import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { failureOf } from "../../control/problem.ts";
import type { RolloutDetail, RolloutSummary } from "../../control/queries.ts";
import { featureRolloutsQuery } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { EARLIER_ROLLOUTS } from "../../ui/anchors.ts";
import { FailureNote } from "../../ui/FailureNote.tsx";
import { GateLight } from "../../ui/GateLight.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { lightOfRollout } from "../../ui/rollout-state.ts";
import { Time } from "../../ui/Time.tsx";
import { releaseBeside, visible } from "../../ui/words.ts";
import { otherRollouts } from "./earlier-rollouts.ts";

/** What was tried with this feature before, newest first. */
export function EarlierRollouts({ rollout }: { readonly rollout: RolloutDetail }) {
  const { client } = useSession();
  const { data, error } = useQuery(featureRolloutsQuery(client, rollout.feature));
  const { title, items } = otherRollouts(data ?? [], rollout);
  return (
    <div id={EARLIER_ROLLOUTS} ref={scrollToIfNamed} className="min-w-0 scroll-mt-4">
      <Panel title={title} isPadded={false} aside={data && `${items.length}, newest first`}>
        {error !== null && <FailureNote failure={failureOf(error)} />}
        {data !== undefined && items.length === 0 && (
          <p className="p-4 text-muted">This is the only one.</p>
        )}
        <ol>
          {items.map((other) => (
            <Entry key={other.id} rollout={other} />
          ))}
        </ol>
      </Panel>
    </div>
  );
}

/** The page is drawn after its address was read, so that the browser has not found the place yet. */
function scrollToIfNamed(element: HTMLElement | null): void {
  if (element !== null && window.location.hash === `#${element.id}`) element.scrollIntoView();
}

function Entry({ rollout }: { readonly rollout: RolloutSummary }) {
  const { light, word } = lightOfRollout(rollout);
  const stage = rollout.stageIndex === null ? undefined : rollout.stages[rollout.stageIndex];
  return (
    <li className="grid gap-x-4 gap-y-1 border-b border-line px-4 py-2.5 last:border-b-0 md:grid-cols-[8rem_1fr]">
      <span>
        <GateLight light={light} {...(word === null ? {} : { word })} />
      </span>
      <div className="min-w-0">
        <Link
          to="/rollouts/$id"
          params={{ id: rollout.id }}
          className="inline-flex min-h-6 items-center font-mono underline underline-offset-2"
        >
          {releaseBeside(rollout.baseline, rollout.feature)} to{" "}
          {releaseBeside(rollout.candidate, rollout.feature)}
        </Link>
        <p className="break-words">{visible(rollout.sentence)}</p>
        <p className="mt-0.5 flex flex-wrap items-center gap-x-3 text-xs text-muted">
          <Time ms={rollout.createdAtMs} />
          {stage !== undefined && <span>last in {visible(stage.name)}</span>}
          <span>by {visible(rollout.author)}</span>
          <span>strategy {visible(rollout.strategy)}</span>
        </p>
      </div>
    </li>
  );
}
