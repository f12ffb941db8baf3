import type { RolloutAction } from "@spillway/contract";
import { useId, useState } from "react";
import type { RolloutDetail } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { Button } from "../../ui/Button.tsx";
import { BackIcon } from "../../ui/icons.tsx";
import { ActionDialog } from "./ActionDialog.tsx";
import { actionsOf } from "./action-plan.ts";

/** Roll back first and always enabled; what cannot be done is shown with the reason. */
export function RolloutActions({ rollout }: { readonly rollout: RolloutDetail }) {
  const session = useSession();
  const [asked, setAsked] = useState<RolloutAction | null>(null);
  const id = useId();
  const actions = actionsOf(rollout, session);
  const refused = actions.filter((action) => action.whyNot !== null);
  return (
    <div data-print="no" className="shrink-0">
      <div className="grid grid-cols-2 gap-2 sm:flex sm:flex-wrap lg:justify-end">
        {actions.map(({ action, label, name, whyNot }) => (
          <Button
            key={action}
            size="large"
            look={action === "rollback" ? "danger" : "plain"}
            disabled={whyNot !== null}
            aria-label={name}
            aria-describedby={whyNot === null ? undefined : `${id}-${action}`}
            onClick={() => setAsked(action)}
          >
            {action === "rollback" && <BackIcon />}
            {label}
          </Button>
        ))}
      </div>
      {refused.map(({ action, label, whyNot }) => (
        <p key={action} id={`${id}-${action}`} className="mt-1.5 text-xs text-muted lg:text-right">
          {label}: {whyNot}
        </p>
      ))}
      {asked !== null && (
        <ActionDialog action={asked} rollout={rollout} onClose={() => setAsked(null)} />
      )}
    </div>
  );
}
