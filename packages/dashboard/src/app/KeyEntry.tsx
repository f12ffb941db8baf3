import type { SubmitEvent } from "react";
import { useState } from "react";
import type { Failure } from "../control/problem.ts";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/FailureNote.tsx";
import { Mark } from "../ui/icons.tsx";

/** Asks for an API key once per tab. */
export function KeyEntry(props: {
  readonly onKey: (key: string) => void;
  readonly failure: Failure | null;
}) {
  const [typed, setTyped] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (typed.trim() !== "") props.onKey(typed.trim());
  };
  return (
    <main className="mx-auto mt-[16vh] w-[min(26rem,calc(100vw-2rem))]">
      <form onSubmit={submit} className="rounded-lg border border-line bg-surface p-6">
        <h1 className="flex items-center gap-2 text-lg font-semibold">
          <Mark />
          Spillway
        </h1>
        <label htmlFor="key" className="mt-5 block font-medium">
          API key
        </label>
        <input
          id="key"
          name="key"
          type="password"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          value={typed}
          aria-describedby="key-help"
          onChange={(event) => setTyped(event.target.value)}
          className="mt-1 h-10 w-full rounded-md border border-edge bg-page px-3 font-mono"
        />
        <p id="key-help" className="mt-1.5 text-xs text-muted">
          Kept in this tab until it is closed. An admin makes one with{" "}
          <code className="font-mono">spillway keys create</code>.
        </p>
        <Button type="submit" look="primary" size="large" className="mt-4 w-full">
          Open the control room
        </Button>
        {props.failure !== null && (
          <div className="mt-4">
            <FailureNote failure={props.failure} />
          </div>
        )}
      </form>
    </main>
  );
}
