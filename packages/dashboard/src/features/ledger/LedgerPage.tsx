import { useMutation, useQuery } from "@tanstack/react-query";
import { failureOf } from "../../control/problem.ts";
import { ledgerQuery } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { Button } from "../../ui/Button.tsx";
import { FailureNote } from "../../ui/FailureNote.tsx";
import { CheckIcon, CrossIcon } from "../../ui/icons.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { Time } from "../../ui/Time.tsx";
import { useTitle } from "../../ui/use-title.ts";
import { count, visible } from "../../ui/words.ts";

const HEADS = ["Entry", "Time", "By", "Action", "Subject", "Hash"];

export function LedgerPage(props: {
  readonly cursor: string | undefined;
  readonly onCursor: (cursor: string | undefined) => void;
}) {
  const { client } = useSession();
  useTitle("Ledger");
  const { data, error } = useQuery(ledgerQuery(client, props.cursor));
  if (data === undefined) {
    return error === null ? <Loading what="Ledger" /> : <FailureNote failure={failureOf(error)} />;
  }
  return (
    <div className="grid gap-4">
      <Verification />
      <section className="rounded-lg border border-line bg-surface">
        <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Entries, scrollable">
          <table className="w-full min-w-[52rem]">
            <caption className="sr-only">Ledger entries, newest first</caption>
            <thead>
              <tr className="border-b border-line text-left text-xs text-muted">
                {HEADS.map((head) => (
                  <th key={head} scope="col" className="px-3 py-2 font-medium first:pl-4 last:pr-4">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.items.map((entry) => (
                <tr key={entry.seq} className="border-b border-line last:border-b-0">
                  <th scope="row" className="py-2 pr-3 pl-4 text-left font-medium">
                    {entry.seq}
                  </th>
                  <td className="px-3 text-muted">
                    <Time ms={entry.atMs} />
                  </td>
                  <td className="px-3">{visible(entry.actor)}</td>
                  <td className="px-3 font-mono text-xs">{visible(entry.action)}</td>
                  <td className="px-3">{visible(entry.subject)}</td>
                  <td className="pr-4 pl-3 font-mono text-xs text-muted" title={entry.hash}>
                    {entry.hash.slice(0, 12)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {data.items.length === 0 && <p className="p-4 text-muted">The ledger is empty.</p>}
      </section>
      <div className="flex gap-2">
        {props.cursor !== undefined && (
          <Button onClick={() => props.onCursor(undefined)}>Newest</Button>
        )}
        {data.nextCursor !== null && (
          <Button onClick={() => props.onCursor(data.nextCursor ?? undefined)}>Older</Button>
        )}
      </div>
    </div>
  );
}

function Verification() {
  const { client } = useSession();
  const verify = useMutation({ mutationFn: () => client.call("verifyLedger") });
  const outcome = verify.data;
  return (
    <div>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div>
          <h1 className="text-lg font-semibold">Ledger</h1>
          <p className="text-muted">
            Every change, append-only, each entry chained to the one before.
          </p>
        </div>
        <Button onClick={() => verify.mutate()} disabled={verify.isPending}>
          {verify.isPending ? "Verifying" : "Verify the chain"}
        </Button>
      </div>
      <div aria-live="polite">
        {verify.error !== null && <FailureNote failure={failureOf(verify.error)} />}
        {outcome !== undefined && (
          <p
            className={`mt-4 flex flex-wrap items-center gap-2 rounded-lg border border-line px-4 py-2 ${outcome.isIntact ? "bg-pass-soft" : "bg-fail-soft"}`}
          >
            <span className={outcome.isIntact ? "text-pass" : "text-fail"}>
              {outcome.isIntact ? <CheckIcon /> : <CrossIcon />}
            </span>
            <b className="font-semibold">{outcome.isIntact ? "Intact" : "Broken"}</b>
            <span>{visible(outcome.sentence)}</span>
            <span className="text-muted">{count(outcome.entries)} entries, head</span>
            <code className="font-mono text-xs break-all text-muted">{outcome.head}</code>
          </p>
        )}
      </div>
    </div>
  );
}
