import type { RolloutAction } from "@spillway/contract";
import type { ControlClient } from "@spillway/sdk";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { SubmitEvent } from "react";
import { useId, useState } from "react";
import { failureOf } from "../../control/problem.ts";
import type { RolloutDetail } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { FailureNote } from "../../ui/FailureNote.tsx";
import { confirmationOf, needsOverride } from "./action-plan.ts";

/** One confirmation that names what will be served, and asks for the reason that stays on record. */
export function ActionDialog(props: {
  readonly action: RolloutAction;
  readonly rollout: RolloutDetail;
  readonly onClose: () => void;
}) {
  const { action, rollout, onClose } = props;
  const { client } = useSession();
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const [isReasonMissing, setIsReasonMissing] = useState(false);
  const confirmation = confirmationOf(action, rollout);
  const send = useMutation({
    mutationFn: (reason: string) => sendAction({ client, action, rollout, note: reason }),
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries();
    },
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const isMissing = confirmation.isReasonRequired && note.trim() === "";
    setIsReasonMissing(isMissing);
    if (!isMissing) send.mutate(note.trim());
  };
  return (
    <Dialog title={confirmation.title} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        <ul className="grid gap-1.5">
          {confirmation.consequences.map((consequence) => (
            <li key={consequence}>{consequence}</li>
          ))}
        </ul>
        <Reason value={note} onChange={setNote} isMissing={isReasonMissing} />
        {send.error !== null && <FailureNote failure={failureOf(send.error)} />}
        <div className="flex flex-wrap justify-end gap-3">
          <Button size="large" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            size="large"
            look={action === "rollback" ? "danger" : "primary"}
            disabled={send.isPending}
          >
            {send.isPending ? "Sending" : confirmation.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Reason(props: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly isMissing: boolean;
}) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="font-medium">
        Reason <span className="font-normal text-muted">(stays in the decision log)</span>
      </label>
      <textarea
        id={id}
        rows={3}
        maxLength={2_000}
        value={props.value}
        aria-invalid={props.isMissing}
        aria-describedby={props.isMissing ? `${id}-missing` : undefined}
        onChange={(event) => props.onChange(event.target.value)}
        className="mt-1 block w-full rounded-md border border-edge bg-page px-3 py-2"
      />
      {props.isMissing && (
        <p id={`${id}-missing`} role="alert" className="mt-1 text-fail">
          A reason is wanted; the people after you will read it.
        </p>
      )}
    </div>
  );
}

/** A completed rollout has nothing to take back any more; then the feature itself is rolled back. */
async function sendAction(input: {
  readonly client: ControlClient;
  readonly action: RolloutAction;
  readonly rollout: RolloutDetail;
  readonly note: string;
}): Promise<void> {
  const { client, action, rollout, note } = input;
  if (action === "rollback" && rollout.state === "completed") {
    await client.call("rollbackFeature", {
      params: { feature: rollout.feature },
      body: { note, to: rollout.baseline },
    });
    return;
  }
  const isOverride = action === "promote" && needsOverride(rollout);
  await client.call("rolloutAction", {
    params: { id: rollout.id, action },
    body: { note, ...(isOverride ? { override: true } : {}) },
  });
}
