import { useQuery } from "@tanstack/react-query";
import { failureOf } from "../../control/problem.ts";
import type { RolloutDetail } from "../../control/queries.ts";
import { decisionsQuery } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { FailureNote } from "../../ui/FailureNote.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Time } from "../../ui/Time.tsx";
import { visible } from "../../ui/words.ts";
import type { StrategyRevision } from "./revisions.ts";
import { revisionsOf } from "./revisions.ts";

/** When, by whom and why the strategy became another one. Nothing while it is as it was started. */
export function StrategyRevisions({ rollout }: { readonly rollout: RolloutDetail }) {
  return rollout.revision > 1 ? <Revisions rollout={rollout} /> : null;
}

function Revisions({ rollout }: { readonly rollout: RolloutDetail }) {
  const { client } = useSession();
  const { data, error } = useQuery(decisionsQuery(client, rollout.id));
  const revisions = revisionsOf(data?.items ?? []);
  return (
    <Panel title="Strategy, as revised" aside={`revision ${rollout.revision}`}>
      {error !== null && <FailureNote failure={failureOf(error)} />}
      <ol className="grid gap-4">
        {revisions.map((revision) => (
          <Revision key={revision.decisionId} revision={revision} />
        ))}
      </ol>
      <p className={`text-xs text-muted ${revisions.length === 0 ? "" : "mt-3"}`}>
        The stage and all tests began anew with the newest revision; the ledger keeps each strategy.
      </p>
    </Panel>
  );
}

function Revision({ revision }: { readonly revision: StrategyRevision }) {
  const { number, atMs, by, note, changes } = revision;
  return (
    <li className="min-w-0">
      <p className="font-semibold">Revision {number}</p>
      <p className="text-xs text-muted">
        <Time ms={atMs} /> by {visible(by)}
      </p>
      <p className="mt-1 break-words">
        {note === "" ? <span className="text-muted">No reason was given.</span> : visible(note)}
      </p>
      <ul className="mt-1 list-disc pl-5 text-xs break-words">
        {changes.map((change) => (
          <li key={change}>{visible(change)}</li>
        ))}
      </ul>
    </li>
  );
}
