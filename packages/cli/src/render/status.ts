import type { FeatureStatus } from "@spillway/contract";
import { stateBadge } from "./icons.ts";
import { MARGIN_NOTE, namesMargin } from "./margin-note.ts";
import type { Paint } from "./paint.ts";

/** The answer for CI: a word, the sentence, and what is missing. */
export function renderStatus(status: FeatureStatus, paint: Paint): string {
  const words = {
    healthy: paint.green("✔ healthy"),
    degraded: paint.red("✖ degraded"),
    undecided: paint.yellow("? undecided"),
  };
  const { rollout } = status;
  const where =
    rollout === null
      ? `serves ${status.baseline ?? "nothing"}`
      : `${stateBadge(rollout, paint)} ${rollout.baseline} → ${rollout.candidate}`;
  const behind = status.gateways.filter(
    ({ snapshotRevision }) => snapshotRevision < status.snapshotRevision,
  );
  return [
    `${words[status.health]}  ${paint.bold(status.feature)}  ${where}${status.isKilled ? paint.red("  killed") : ""}`,
    status.sentence,
    ...status.unmet
      .filter(({ sentence }) => sentence !== status.sentence)
      .map(({ code, sentence }) => `  • ${code}: ${sentence}`),
    ...([status, ...status.unmet].some(({ sentence }) => namesMargin(sentence))
      ? [paint.dim(`  ${MARGIN_NOTE}`)]
      : []),
    ...behind.map(
      ({ id, snapshotRevision }) =>
        `  • gateway ${id} still serves snapshot ${snapshotRevision}, not ${status.snapshotRevision}`,
    ),
  ].join("\n");
}
