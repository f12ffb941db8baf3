import type { RolloutDetail } from "@spillway/contract";
import type { CallOutput } from "@spillway/sdk";
import { NOW, ROLLOUTS } from "./fixture-rollouts.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

type FeatureView = CallOutput<"listFeatures">["items"][number];
type DecisionView = CallOutput<"getDecision">;

const TITLES: Record<string, string> = {
  "discharge-summary": "Discharge summaries for patients",
  "support-reply": "Draft replies of the support desk",
  "contract-search": "Answers with sources from contracts",
  "meeting-notes": "Meeting notes",
  "claim-triage": "First sorting of insurance claims",
  "invoice-extraction": "Fields from invoices",
  "faq-answer": "Answers on the help page",
  "release-notes": "Release notes from commits",
};

export const FEATURES: readonly FeatureView[] = Object.entries(TITLES).map(([key, title]) => {
  const own = ROLLOUTS.find(({ feature }) => feature === key);
  const isOver = own === undefined || ["rolled_back", "completed"].includes(own.state);
  return {
    key,
    title,
    owner: "team-care",
    tier: (own?.tier ?? 3) as 1 | 2 | 3,
    assignment: { unit: "conversation", attribute: null, onMissing: "error" },
    rules: [],
    slices: ["document_type"],
    fallback: null,
    scorers: [],
    metrics: [],
    slaLatencyMs: 3_000,
    baseline:
      own === undefined ? `${key}@2` : own.state === "completed" ? own.candidate : own.baseline,
    isKilled: false,
    activeRolloutId: isOver ? null : own.id,
    createdAtMs: NOW - 90 * DAY,
  };
});

export function decisionsOf(rollout: RolloutDetail): DecisionView[] {
  const changes = ["stages.shadow.least.duration was 2d and is 3d."];
  const note = "Two days do not hold a weekend.";
  const lines: readonly (readonly [DecisionView["decision"], string, string, number, string])[] = [
    [
      "advance",
      'mara started the rollout; it enters its first stage. "Grade 6 wording, asked for by the wards."',
      "mara",
      5 * DAY,
      "evaluate",
    ],
    [
      "advance",
      "evaluate is passed: a validation is recorded. It enters shadow (0% of the traffic).",
      "gate",
      4 * DAY,
      "shadow",
    ],
    ...(rollout.revision === 1
      ? []
      : [
          [
            "hold",
            `ines revised the strategy (revision 2); new tests start from now: ${changes.join(" ")} "${note}"`,
            "ines",
            1.8 * DAY,
            "shadow",
          ] as const,
        ]),
    [
      rollout.state === "rolled_back"
        ? "rollback"
        : rollout.state === "completed"
          ? "complete"
          : rollout.state === "held"
            ? "hold"
            : "advance",
      rollout.sentence,
      rollout.state === "paused" ? "ines" : "gate",
      48 * MINUTE,
      rollout.stages[rollout.stageIndex ?? 0]?.name ?? "",
    ],
  ];
  if (rollout.state === "pending") return [];
  return lines
    .map(([decision, reason, by, agoMs, stageName], index) => ({
      id: `dec_${rollout.id.slice(5)}_${index + 1}`,
      rolloutId: rollout.id,
      feature: rollout.feature,
      version: index + 1,
      decision,
      fromState: "progressing" as const,
      toState: rollout.state,
      stage: stageName,
      reason,
      by,
      atMs: NOW - agoMs,
      snapshotRevision: 38 + index,
      method: "spillway-gate/1",
      inputs: {},
      outcome: {},
      report: rollout.report,
      ...(by === "ines" && rollout.revision > 1
        ? { revision: { number: rollout.revision, changes, note } }
        : {}),
    }))
    .toReversed();
}
