import type { RolloutDetail } from "../../control/queries.ts";
import { count, durationInWords, share } from "../../ui/words.ts";

export type LadderRung = {
  readonly name: string;
  readonly kind: string;
  readonly place: "done" | "current" | "stopped" | "ahead";
  /** What the candidate answers, and what is copied to it. */
  readonly traffic: string;
  readonly duration: Progress | null;
  readonly observations: Progress | null;
  /** How the two count together, where both are asked for. */
  readonly need: "both" | "either" | null;
  readonly approval: string | null;
};

export type Progress = {
  readonly text: string;
  /** 0..1; null where nothing has begun. */
  readonly part: number | null;
};

/** The stages from first to last, with what each asks for and what is there of it. */
export function ladderOf(rollout: RolloutDetail, nowMs: number): readonly LadderRung[] {
  return rollout.strategyDetail.stages.map((stage, index) => {
    const place = placeOf(rollout, index);
    const { least } = stage;
    const inStageMs =
      place === "current" && rollout.enteredAtMs !== null ? nowMs - rollout.enteredAtMs : null;
    const exposure = rollout.exposures.find(({ stageIndex }) => stageIndex === index);
    const seen = (stage.kind === "shadow" ? exposure?.pairs : exposure?.candidate) ?? 0;
    const noun = stage.kind === "shadow" ? "pairs" : "candidate answers";
    return {
      name: stage.name,
      kind: stage.kind,
      place,
      traffic: trafficOf(stage.shareBps, stage.shadowBps),
      duration: durationProgress(least.durationSeconds, inStageMs),
      observations:
        least.observations === 0
          ? null
          : {
              text:
                place === "ahead"
                  ? `at least ${count(least.observations)} ${noun}`
                  : `${count(seen)} of ${count(least.observations)} ${noun}`,
              part: place === "ahead" ? null : Math.min(1, seen / least.observations),
            },
      need: least.durationSeconds > 0 && least.observations > 0 ? least.need : null,
      approval: approvalOf(rollout, index, place),
    };
  });
}

function placeOf(rollout: RolloutDetail, index: number): LadderRung["place"] {
  if (rollout.state === "completed") return "done";
  if (rollout.stageIndex === null || index > rollout.stageIndex) return "ahead";
  if (index < rollout.stageIndex) return "done";
  return rollout.state === "rolled_back" || rollout.state === "aborted" ? "stopped" : "current";
}

function trafficOf(shareBps: number, shadowBps: number): string {
  const parts = [
    ...(shareBps > 0 ? [share(shareBps)] : []),
    ...(shadowBps > 0 ? [`shadow copies of ${share(shadowBps)}`] : []),
  ];
  return parts.length === 0 ? "no traffic" : parts.join(", ");
}

function durationProgress(leastSeconds: number, inStageMs: number | null): Progress | null {
  if (leastSeconds === 0) return null;
  const least = durationInWords(leastSeconds * 1_000);
  if (inStageMs === null) return { text: `at least ${least}`, part: null };
  return {
    text: `${durationInWords(inStageMs)} of at least ${least}`,
    part: Math.min(1, inStageMs / (leastSeconds * 1_000)),
  };
}

function approvalOf(
  rollout: RolloutDetail,
  index: number,
  place: LadderRung["place"],
): string | null {
  const role = rollout.strategyDetail.stages[index]?.approval ?? null;
  if (role === null) return null;
  if (place !== "ahead") return "approved";
  const isNext = index === (rollout.stageIndex ?? -1) + 1;
  const isWaiting = rollout.unmet.some(({ code }) => code === "approval");
  if (isNext && rollout.stageIndex !== null && !isWaiting) return "approved";
  return `needs approval: ${role}, not the author`;
}
