import type { Gateways, Health } from "../../control/queries.ts";
import { durationInWords, releaseBeside, sentenceCase } from "../../ui/words.ts";
import type { Board } from "./board-rows.ts";

export type BoardProblem = {
  readonly severity: "red" | "amber";
  readonly text: string;
  readonly rolloutId: string | null;
};

/** A rollback is news for this long; after that it is history and stands in the folded list. */
const NEWS_MS = 24 * 3_600_000;
/** Gateways report every few seconds; this long without a word is silence. */
const SILENT_MS = 60_000;

/** What a person should know before reading the board, worst first. */
export function boardProblems(input: {
  readonly board: Board;
  readonly gateways: Gateways | undefined;
  readonly health: Health | undefined;
  readonly nowMs: number;
  readonly speed: number;
}): readonly BoardProblem[] {
  const { board, gateways, health, nowMs, speed } = input;
  return [
    ...rolledBack(board, nowMs),
    ...killed(board),
    ...(health === undefined || health.status === "ok" ? [] : [degraded(health)]),
    ...silent(gateways, nowMs, speed),
  ];
}

function rolledBack(board: Board, nowMs: number): BoardProblem[] {
  return board.others.flatMap(({ rollout }) => {
    if (rollout === null || rollout.state !== "rolled_back") return [];
    // What a person took back is their own act, and no news to them.
    if (rollout.stateCode === "person" || nowMs - rollout.updatedAtMs > NEWS_MS) return [];
    const name = releaseBeside(rollout.baseline, rollout.feature);
    const text = `${rollout.feature}: ${rollout.sentence} ${name} has been serving everyone for ${durationInWords(nowMs - rollout.updatedAtMs)}.`;
    return [{ severity: "red" as const, text, rolloutId: rollout.id }];
  });
}

function killed(board: Board): BoardProblem[] {
  return [...board.open, ...board.others]
    .filter((row) => row.isKilled)
    .map((row) => ({
      severity: "red",
      text: `The kill switch of ${row.feature} is on: everyone gets the baseline.`,
      rolloutId: row.rollout?.id ?? null,
    }));
}

function degraded(health: Health): BoardProblem {
  const what = health.database === "unreachable" ? "its database is unreachable" : "see its log";
  return {
    severity: "amber",
    text: `The control plane is degraded: ${what}. Gateways go on with the snapshot they have.`,
    rolloutId: null,
  };
}

function silent(gateways: Gateways | undefined, nowMs: number, speed: number): BoardProblem[] {
  if (gateways === undefined) return [];
  if (gateways.items.length === 0) {
    const text = "No gateway has reported: nothing serves what is released here.";
    return [{ severity: "amber", text, rolloutId: null }];
  }
  return gateways.items
    .filter((gateway) => nowMs - gateway.lastSeenAtMs > SILENT_MS * Math.max(1, speed))
    .map((gateway) => ({
      severity: "amber",
      text: sentenceCase(
        `gateway ${gateway.id} was last seen ${durationInWords(nowMs - gateway.lastSeenAtMs)} ago, serving revision ${gateway.snapshotRevision}.`,
      ),
      rolloutId: null,
    }));
}
