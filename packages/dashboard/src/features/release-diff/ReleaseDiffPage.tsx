import { useQuery } from "@tanstack/react-query";
import { failureOf } from "../../control/problem.ts";
import { releaseDiffQuery, releasesQuery } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { ComponentDiff } from "../../ui/ComponentDiff.tsx";
import { FailureNote } from "../../ui/FailureNote.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { useTitle } from "../../ui/use-title.ts";

export type DiffView = { readonly from: string; readonly to: string };

/** What changes from one release of a feature to another. */
export function ReleaseDiffPage(props: {
  readonly view: DiffView;
  readonly onView: (view: DiffView) => void;
}) {
  const { view, onView } = props;
  const { client } = useSession();
  useTitle(`${view.from} to ${view.to}`);
  const feature = view.to.split("@")[0] ?? "";
  const releases = useQuery(releasesQuery(client, feature));
  const diff = useQuery(releaseDiffQuery(client, view.from, view.to));
  const known = releases.data?.map(({ id }) => id) ?? [];
  const ids = [...new Set([...known, view.from, view.to])];
  return (
    <div className="grid gap-4">
      <h1 className="text-lg font-semibold">
        What changes from {view.from} to {view.to}
      </h1>
      <div className="flex flex-wrap gap-4">
        <Choice
          label="From"
          value={view.from}
          ids={ids}
          onChange={(from) => onView({ ...view, from })}
        />
        <Choice label="To" value={view.to} ids={ids} onChange={(to) => onView({ ...view, to })} />
      </div>
      {diff.error !== null && <FailureNote failure={failureOf(diff.error)} />}
      {diff.data === undefined ? (
        diff.error === null && <Loading what="Diff" />
      ) : (
        <Panel title="Components" isPadded={false} aside={`${diff.data.changes.length} changed`}>
          <ComponentDiff changes={diff.data.changes} />
        </Panel>
      )}
    </div>
  );
}

function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly ids: readonly string[];
  readonly onChange: (id: string) => void;
}) {
  return (
    <label className="flex items-center gap-2 text-muted">
      {props.label}
      <select
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
        className="h-9 max-w-64 rounded-md border border-edge bg-surface px-2 text-ink"
      >
        {props.ids.map((id) => (
          <option key={id}>{id}</option>
        ))}
      </select>
    </label>
  );
}
