import type { RolloutAction } from "@spillway/contract";
import { useId, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RolloutDetail } from "../../control/queries.ts";
import { featuresQuery } from "../../control/queries.ts";
import { useSession } from "../../control/session.ts";
import { Button } from "../../ui/Button.tsx";
import { BackIcon } from "../../ui/icons.tsx";
import { isOver } from "../../ui/rollout-state.ts";
import { ActionDialog } from "./ActionDialog.tsx";
import { actionsOf, afterEnd } from "./action-plan.ts";

/** Roll back first and always enabled while under way; what cannot be done is shown with the reason. */
export function RolloutActions({ rollout }: { readonly rollout: RolloutDetail }) {
  return isOver(rollout) ? <EndedActions rollout={rollout} /> : <LiveActions rollout={rollout} />;
}

/** Nothing until the feature is known: a button whose meaning changes is worse than a late one. */
function EndedActions({ rollout }: { readonly rollout: RolloutDetail }) {
  const { client } = useSession();
  const [isAsked, setIsAsked] = useState(false);
  const features = useQuery(featuresQuery(client));
  const feature = features.data?.find(({ key }) => key === rollout.feature);
  if (feature === undefined) return null;
  const after = afterEnd(rollout, feature);
  return (
    <div data-print="no" className="shrink-0 lg:max-w-72">
      {after.kind === "under_way" && (
        <Link
          to="/rollouts/$id"
          params={{ id: after.rolloutId }}
          className="inline-flex min-h-11 items-center font-medium underline underline-offset-2"
        >
          {after.label}
        </Link>
      )}
      {after.kind === "nothing" && <p className="text-muted lg:text-right">{after.sentence}</p>}
      {after.kind === "take_back" && (
        <Button size="large" look="danger" aria-label={after.name} onClick={() => setIsAsked(true)}>
          <BackIcon />
          {after.label}
        </Button>
      )}
      {isAsked && (
        <ActionDialog action="rollback" rollout={rollout} onClose={() => setIsAsked(false)} />
      )}
    </div>
  );
}

function LiveActions({ rollout }: { readonly rollout: RolloutDetail }) {
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
