import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { failureOf } from "../../control/problem.ts";
import type { DecisionSummary } from "../../control/queries.ts";
import { decisionsQuery, explanationQuery } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { Button } from "../../ui/Button.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { FailureNote } from "../../ui/FailureNote.tsx";
import { ArrowIcon, BackIcon, CheckIcon, PauseIcon } from "../../ui/icons.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Time } from "../../ui/Time.tsx";
import { sentenceCase, visible } from "../../ui/words.ts";

const LOOK = {
  advance: { icon: <ArrowIcon />, className: "text-accent" },
  hold: { icon: <PauseIcon />, className: "text-hold" },
  pause: { icon: <PauseIcon />, className: "text-hold" },
  rollback: { icon: <BackIcon />, className: "text-fail" },
  complete: { icon: <CheckIcon />, className: "text-pass" },
};

export function DecisionLog(props: {
  readonly rolloutId: string;
  readonly openDecision: string | null;
  readonly onOpen: (decision: string | null) => void;
}) {
  const { client } = useSession();
  const { data, error } = useQuery(decisionsQuery(client, props.rolloutId));
  if (data === undefined) {
    return (
      <Panel title="Decisions">
        {error === null ? (
          <p className="text-muted">Loading</p>
        ) : (
          <FailureNote failure={failureOf(error)} />
        )}
      </Panel>
    );
  }
  return <Log {...props} decisions={data.items} />;
}

/** Newest first. What came while it was being read waits behind a button and moves nothing. */
function Log(props: {
  readonly decisions: readonly DecisionSummary[];
  readonly openDecision: string | null;
  readonly onOpen: (decision: string | null) => void;
}) {
  const newest = props.decisions[0]?.version ?? 0;
  const [seen, setSeen] = useState(newest);
  const shown = props.decisions.filter(({ version }) => version <= seen);
  const waiting = props.decisions.length - shown.length;
  return (
    <Panel
      title="Decisions"
      isPadded={false}
      aside={
        waiting > 0 ? (
          <Button size="small" onClick={() => setSeen(newest)}>
            Show {waiting} new
          </Button>
        ) : (
          `${shown.length}, newest first`
        )
      }
    >
      <ol>
        {shown.map((decision) => (
          <Entry
            key={decision.id}
            decision={decision}
            isOpen={decision.id === props.openDecision}
            onToggle={() => props.onOpen(decision.id === props.openDecision ? null : decision.id)}
          />
        ))}
      </ol>
      {shown.length === 0 && <p className="p-4 text-muted">Nothing has been decided yet.</p>}
    </Panel>
  );
}

function Entry(props: {
  readonly decision: DecisionSummary;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}) {
  const { decision, isOpen } = props;
  const look = LOOK[decision.decision];
  return (
    <li className="border-b border-line px-4 py-2.5 last:border-b-0">
      <div className="grid grid-cols-[1fr_auto] gap-x-4 gap-y-1 md:grid-cols-[6.5rem_1fr_auto]">
        <span
          className={`inline-flex items-center gap-1.5 self-start font-semibold md:leading-6 ${look.className}`}
        >
          {look.icon}
          {sentenceCase(decision.decision)}
        </span>
        <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
          <p className="break-words">{visible(decision.reason)}</p>
          <p className="mt-0.5 flex flex-wrap items-center gap-x-3 text-xs text-muted">
            <Time ms={decision.atMs} />
            <span>by {visible(decision.by)}</span>
            {decision.stage !== null && <span>in {visible(decision.stage)}</span>}
            <span>snapshot revision {decision.snapshotRevision}</span>
          </p>
        </div>
        <Button
          size="small"
          className="md:col-start-3"
          aria-expanded={isOpen}
          aria-label={`Explain decision ${decision.version}, ${decision.decision}`}
          onClick={props.onToggle}
        >
          {isOpen ? "Close" : "Explain"}
        </Button>
      </div>
      {isOpen && <Explanation decision={decision} />}
    </li>
  );
}

function Explanation({ decision }: { readonly decision: DecisionSummary }) {
  const { client } = useSession();
  const { data, error } = useQuery(explanationQuery(client, decision.id));
  if (error !== null) return <FailureNote failure={failureOf(error)} />;
  const sentences = data?.sentences ?? ["Loading"];
  return (
    <div className="mt-2 rounded-md border border-line bg-page p-3 md:ml-[7.5rem]">
      <div className="grid max-w-[48rem] gap-1">
        {sentences.map((sentence, index) => (
          <p key={index}>{visible(sentence)}</p>
        ))}
      </div>
      <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2 text-xs text-muted">
        <CopyButton text={sentences.join("\n")} label="Copy the explanation" />
        <span>
          Decide it again: <code className="font-mono">spillway replay {decision.id}</code>
        </span>
        <span>Method {visible(decision.method)}</span>
      </div>
    </div>
  );
}
