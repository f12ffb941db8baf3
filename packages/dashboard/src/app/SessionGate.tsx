import { createControlClient } from "@spillway/sdk";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { followChanges } from "../control/live.ts";
import { failureOf } from "../control/problem.ts";
import { SessionContext } from "../control/session.ts";
import { mergeKeys, staleKeys } from "../control/stale-keys.ts";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/FailureNote.tsx";
import { KeyEntry } from "./KeyEntry.tsx";
import { ShellContext } from "./shell-context.ts";
import { router } from "./router.tsx";

/** Builds what lives as long as the key: the client and the stream of changes. */
export function SessionGate(props: {
  readonly apiKey: string;
  readonly onKey: (key: string) => void;
  readonly onLeave: () => void;
}) {
  const queries = useQueryClient();
  const [client] = useState(() =>
    createControlClient({ baseUrl: location.origin, key: props.apiKey }),
  );
  const [feed] = useState(() =>
    followChanges({
      client,
      onChanges: (events) => {
        for (const queryKey of mergeKeys(events.flatMap(staleKeys))) {
          void queries.invalidateQueries({ queryKey });
        }
      },
      onReconnected: () => void queries.invalidateQueries(),
    }),
  );
  const me = useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => client.call("whoAmI", { signal }),
    staleTime: Infinity,
  });
  if (me.data === undefined) {
    if (me.error === null) return <p className="p-6 text-muted">Connecting</p>;
    const failure = failureOf(me.error);
    if (failure.status === 401 || failure.status === 403) {
      return <KeyEntry onKey={props.onKey} failure={failure} />;
    }
    return (
      <main className="mx-auto mt-[16vh] grid w-[min(32rem,calc(100vw-2rem))] gap-3">
        <FailureNote failure={failure} />
        <Button onClick={() => void me.refetch()}>Try again</Button>
      </main>
    );
  }
  const { name, role } = me.data;
  return (
    <SessionContext value={{ client, name, role }}>
      <ShellContext value={{ feed, onLeave: props.onLeave }}>
        <RouterProvider router={router} />
      </ShellContext>
    </SessionContext>
  );
}
