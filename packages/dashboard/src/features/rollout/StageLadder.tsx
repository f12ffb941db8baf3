import { CheckIcon, CrossIcon } from "../../ui/icons.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { visible } from "../../ui/words.ts";
import type { LadderRung, Progress } from "./ladder.ts";

const PLACE = {
  done: { word: "Done", dot: "border-accent bg-accent text-surface", text: "" },
  current: { word: "Now", dot: "border-accent bg-surface text-accent", text: "font-semibold" },
  stopped: { word: "Stopped here", dot: "border-fail bg-fail text-on-fail", text: "font-semibold" },
  ahead: { word: "Ahead", dot: "border-edge bg-surface", text: "text-muted" },
};

export function StageLadder(props: {
  readonly strategy: string;
  readonly revision: number;
  readonly rungs: readonly LadderRung[];
}) {
  const revision = props.revision > 1 ? `, revision ${props.revision}` : "";
  const strategy = `strategy ${visible(props.strategy)}${revision}`;
  return (
    <Panel title="Stages" aside={strategy}>
      <ol>
        {props.rungs.map((rung) => {
          const place = PLACE[rung.place];
          return (
            <li
              key={rung.name}
              aria-current={rung.place === "current" ? "step" : undefined}
              className="group relative grid grid-cols-[1.25rem_1fr] gap-x-2.5 pb-4 last:pb-0"
            >
              <span
                aria-hidden="true"
                className="absolute top-5 bottom-0 left-[9px] w-0.5 bg-line group-last:hidden"
              />
              <span
                className={`relative mt-px flex size-5 items-center justify-center rounded-full border-2 ${place.dot}`}
              >
                {rung.place === "done" && <CheckIcon />}
                {rung.place === "stopped" && <CrossIcon />}
                {rung.place === "current" && <span className="size-2 rounded-full bg-accent" />}
              </span>
              <div className="min-w-0">
                <p className="flex justify-between gap-3">
                  <span className={place.text}>
                    {visible(rung.name)}
                    <span className="sr-only">, {place.word}</span>
                  </span>
                  <span className="text-right text-xs text-muted">{rung.traffic}</span>
                </p>
                <Needs rung={rung} />
              </div>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

function Needs({ rung }: { readonly rung: LadderRung }) {
  if (rung.place === "done") return null;
  return (
    <div className="mt-0.5 grid gap-1 text-xs text-muted">
      {rung.duration !== null && <Meter progress={rung.duration} />}
      {rung.need === "either" && <span>or</span>}
      {rung.observations !== null && <Meter progress={rung.observations} />}
      {rung.approval !== null && <span>{rung.approval}</span>}
    </div>
  );
}

function Meter({ progress }: { readonly progress: Progress }) {
  return (
    <div>
      <span className="block">{progress.text}</span>
      {progress.part !== null && (
        <span aria-hidden="true" className="mt-0.5 mb-0.5 block h-1 rounded-sm bg-line">
          <span
            className="block h-1 rounded-sm bg-accent"
            style={{ width: `${progress.part * 100}%` }}
          />
        </span>
      )}
    </div>
  );
}
