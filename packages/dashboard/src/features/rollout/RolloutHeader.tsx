import { Link } from "@tanstack/react-router";
import type { RolloutDetail } from "../../control/queries.ts";
import { GateLight } from "../../ui/GateLight.tsx";
import { ArrowIcon } from "../../ui/icons.tsx";
import { RolloutEnd } from "../../ui/RolloutEnd.tsx";
import { isOver, lightOfRollout } from "../../ui/rollout-state.ts";
import { Tier } from "../../ui/Tier.tsx";
import { Time } from "../../ui/Time.tsx";
import { durationInWords, releaseBeside, sentenceCase, spaced, visible } from "../../ui/words.ts";
import { useTitle } from "../../ui/use-title.ts";
import { RolloutActions } from "./RolloutActions.tsx";

/** The verdict's sentence is the title; what it is about stands above, what to do beside it. */
export function RolloutHeader(props: { readonly rollout: RolloutDetail; readonly nowMs: number }) {
  const { rollout, nowMs } = props;
  const { feature } = rollout;
  const isEnded = isOver(rollout);
  const { light, word } = lightOfRollout(rollout);
  useTitle(`${feature}: ${(isEnded ? null : rollout.gate) ?? spaced(rollout.state)}`);
  const stage = rollout.stageIndex === null ? undefined : rollout.stages[rollout.stageIndex];
  return (
    <header className="flex flex-col gap-x-8 gap-y-3 lg:flex-row lg:items-start lg:justify-between">
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <Link to="/" className="inline-flex min-h-6 items-center text-muted hover:underline">
            Releases
          </Link>
          <span aria-hidden="true" className="text-muted">
            /
          </span>
          <span className="font-semibold">{feature}</span>
          <Tier tier={rollout.tier} />
          <span className="inline-flex items-center gap-1.5 font-mono">
            <span className="text-muted">{releaseBeside(rollout.baseline, feature)}</span>
            <ArrowIcon />
            <span className="sr-only"> to </span>
            <span className="font-semibold text-accent">
              {releaseBeside(rollout.candidate, feature)}
            </span>
          </span>
        </div>
        <h1 className="mt-2 max-w-[52rem] text-xl leading-7 font-semibold text-pretty">
          {visible(rollout.sentence)}
        </h1>
        <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1 text-muted">
          {isEnded ? (
            <GateLight light={light} {...(word === null ? {} : { word })} />
          ) : (
            <GateLight light={rollout.gate ?? "none"} />
          )}
          <span className="font-medium text-ink">{stateInWords(rollout, stage?.name)}</span>
          {isEnded && (
            <span>
              <RolloutEnd rollout={rollout} />
            </span>
          )}
          {!isEnded && rollout.enteredAtMs !== null && (
            <span>
              for {durationInWords(nowMs - rollout.enteredAtMs)}, since{" "}
              <Time ms={rollout.enteredAtMs} />
            </span>
          )}
          <span>
            {rollout.state === "pending" ? "prepared" : "started"} by {visible(rollout.author)}
          </span>
        </div>
        {rollout.nextAction !== null && (
          <p className="mt-2 max-w-[52rem]">
            <span className="font-semibold">Next:</span> {visible(rollout.nextAction)}
          </p>
        )}
        <p aria-live="polite" className="sr-only">
          {feature}: {isEnded ? "" : `gate ${rollout.gate ?? "without a verdict"}, `}
          {stateInWords(rollout, stage?.name)}.
        </p>
      </div>
      <RolloutActions rollout={rollout} />
    </header>
  );
}

function stateInWords(rollout: RolloutDetail, stage: string | undefined): string {
  const state = sentenceCase(spaced(rollout.state));
  const code = rollout.stateCode === null ? "" : ` (${spaced(rollout.stateCode)})`;
  return stage === undefined || rollout.state === "completed"
    ? state
    : `${state}${code} in ${stage}`;
}
