import type { RolloutSummary } from "@spillway/contract";
import { Time } from "./Time.tsx";

/** What the candidate of a rollout that is over was serving from its end on: a measured share is history. */
export function RolloutEnd({
  rollout,
}: {
  readonly rollout: Pick<RolloutSummary, "state" | "updatedAtMs">;
}) {
  switch (rollout.state) {
    case "completed":
      return (
        <>
          reached everyone at <Time ms={rollout.updatedAtMs} />
        </>
      );
    case "rolled_back":
      return (
        <>
          served nobody since <Time ms={rollout.updatedAtMs} />
        </>
      );
    case "aborted":
      return <>never served anybody</>;
    case "pending":
    case "progressing":
    case "held":
    case "paused":
      return null;
    default:
      return rollout.state satisfies never;
  }
}
