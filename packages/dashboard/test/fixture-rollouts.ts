import type { RolloutDetail } from "@spillway/contract";
import { BAD_REPORT, HELD_REPORT, PASS_REPORT, report, SHADOW_REPORT } from "./fixture-reports.ts";
import { CANARY_STAGES, strategy, TIER1_STAGES, TWEAK_STAGES } from "./fixture-strategies.ts";

/** The time of the fixture; rollouts in every state, as the control API would tell of them then. */
export const NOW = Date.UTC(2026, 2, 3, 14, 3, 0);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const PROMPT_BEFORE = `You write discharge summaries for hospital patients.
Use only facts that stand in the record.
List the medication with dose and frequency.
Write at a reading level of grade 8.
Do not mention internal codes.
End with the next appointment.`;

const PROMPT_AFTER = `You write discharge summaries for hospital patients.
Use only facts that stand in the record; where a fact is missing, say so.
List the medication with dose, frequency and reason.
Write at a reading level of grade 6.
Do not mention internal codes.
Name the allergies first.
End with the next appointment.`;

const digest = (seed: string): string => seed.repeat(64).slice(0, 64);

function promptChange(name: string): RolloutDetail["changes"][number] {
  return {
    kind: "prompt",
    change: "changed",
    before: { name, label: "v3.1", digest: digest("a1") },
    after: { name, label: "v3.2", digest: digest("b2") },
    fields: [
      { path: "messages[0].content", before: PROMPT_BEFORE, after: PROMPT_AFTER },
      { path: "variables.allergies.required", before: null, after: true },
    ],
    sentence: `The prompt ${name} goes from v3.1 to v3.2: messages[0].content, variables.allergies.required.`,
  };
}

const MODEL_CHANGE: RolloutDetail["changes"][number] = {
  kind: "model",
  change: "changed",
  before: { name: "claude-opus", label: "4-7", digest: digest("c3") },
  after: { name: "claude-opus", label: "4-8", digest: digest("d4") },
  fields: [
    { path: "id", before: "claude-opus-4-7", after: "claude-opus-4-8" },
    { path: "parameters.temperature", before: 0.3, after: 0.2 },
  ],
  sentence: "The model claude-opus goes from 4-7 to 4-8: id, parameters.temperature.",
};

function exposure(
  stageIndex: number,
  propensityBps: number,
  counts: { baseline?: number; candidate?: number; pairs?: number },
  agoMs: number,
): RolloutDetail["exposures"][number] {
  const { baseline = 0, candidate = 0, pairs = 0 } = counts;
  const excluded = { repeat: Math.round((baseline + pairs) / 60), forced: 34, fallback: 5 };
  return {
    stageIndex,
    propensityBps,
    baseline,
    candidate,
    pairs,
    excluded,
    lastObservedAtMs: NOW - agoMs,
  };
}

type Given = Partial<RolloutDetail> & {
  readonly id: string;
  readonly feature: string;
  readonly strategyDetail: RolloutDetail["strategyDetail"];
  readonly sentence: string;
};

function rollout(given: Given): RolloutDetail {
  const stages = given.strategyDetail.stages;
  return {
    tier: 2,
    baseline: `${given.feature}@13`,
    candidate: `${given.feature}@14`,
    strategy: given.strategyDetail.name,
    state: "progressing",
    stateCode: null,
    stageIndex: 0,
    stages: stages.map(({ kind, name, shareBps }) => ({ kind, name, shareBps })),
    setShareBps: stages[given.stageIndex ?? 0]?.shareBps ?? 0,
    actualShareBps: null,
    gate: given.report?.verdict ?? null,
    nextAction: null,
    unmet: [],
    enteredAtMs: NOW - 5 * HOUR,
    updatedAtMs: NOW - 20 * MINUTE,
    createdAtMs: NOW - 5 * DAY,
    author: "mara",
    version: 4,
    revision: 1,
    changes: [promptChange(`${given.feature}-system-prompt`)],
    report: null,
    exposures: [],
    shadowDrops: {},
    ...given,
  };
}

export const ROLLOUTS: readonly RolloutDetail[] = [
  rollout({
    id: "roll_01shadow",
    feature: "discharge-summary",
    tier: 1,
    strategyDetail: strategy("tier1-clinical", TIER1_STAGES),
    stageIndex: 1,
    sentence:
      "Shadow goes on: latency_p95 is not settled on 812 pairs, about 340 more would settle it.",
    revision: 2,
    nextAction: "Wait for about 340 more pairs, some 5 hours at the present traffic.",
    unmet: [
      { code: "duration", sentence: "shadow lasts at least 3 days; 1.2 days are left." },
      { code: "observations", sentence: "shadow needs 1,000 pairs; 812 are there." },
      { code: "gate", sentence: "latency_p95 is not settled on 812 pairs." },
    ],
    enteredAtMs: NOW - 1.8 * DAY,
    report: SHADOW_REPORT,
    exposures: [exposure(1, 0, { pairs: 812 }, 40_000)],
    shadowDrops: { budget: 12, timeout: 31, overload: 4 },
    changes: [promptChange("discharge-summary-system-prompt"), MODEL_CHANGE],
  }),
  rollout({
    id: "roll_02held",
    feature: "support-reply",
    baseline: "support-reply@31",
    candidate: "support-reply@32",
    strategyDetail: strategy("tier1-clinical", TIER1_STAGES),
    state: "held",
    stateCode: "harm_suspected",
    stageIndex: 2,
    actualShareBps: 1_000,
    sentence:
      "Held in canary 10%: the edit rate is 1.3 points above the baseline (95% +0.2 to +2.5, n 812), beyond the hold line of 1 point.",
    nextAction: "Look at the edited answers of channel=email, then roll back or wait for evidence.",
    unmet: [
      {
        code: "gate",
        sentence: "edit_rate looks worse than its hold line allows on 8,122 exchanges.",
      },
      {
        code: "approval",
        sentence:
          "ramp 25% needs the approval of a person with the role reviewer, other than mara.",
      },
    ],
    enteredAtMs: NOW - 26 * HOUR,
    report: HELD_REPORT,
    exposures: [
      exposure(1, 0, { pairs: 1_204 }, 27 * HOUR),
      exposure(2, 1_000, { baseline: 7_310, candidate: 812 }, 8_000),
    ],
  }),
  rollout({
    id: "roll_03approval",
    feature: "contract-search",
    baseline: "contract-search@7",
    candidate: "contract-search@8",
    strategyDetail: strategy("prompt-canary", CANARY_STAGES),
    stageIndex: 1,
    actualShareBps: 2_495,
    sentence: "ramp 25% is passed: every criterion passes on 7,302 exchanges.",
    nextAction: "Promote it, or let it advance by itself at the next look.",
    enteredAtMs: NOW - 6.4 * HOUR,
    report: PASS_REPORT,
    exposures: [
      exposure(0, 500, { baseline: 9_640, candidate: 508 }, 7 * HOUR),
      exposure(1, 2_500, { baseline: 5_480, candidate: 1_822 }, 3_000),
    ],
  }),
  rollout({
    id: "roll_04paused",
    feature: "meeting-notes",
    tier: 3,
    baseline: "meeting-notes@4",
    candidate: "meeting-notes@5",
    strategyDetail: strategy("prompt-tweak", TWEAK_STAGES),
    state: "paused",
    stageIndex: 0,
    actualShareBps: 1_041,
    sentence:
      'ines paused the rollout; the split stays as it is. "Waiting for the Friday release notes."',
    nextAction: "Resume it when the notes are out.",
    enteredAtMs: NOW - 3.1 * HOUR,
    report: report([
      ["quality_score", "*", "inconclusive", 0.011, -0.05, 0.072, 0.71, 0.702, 310, 36, 0.2, 0.3],
    ]),
    exposures: [exposure(0, 1_000, { baseline: 310, candidate: 36 }, 12_000)],
  }),
  rollout({
    id: "roll_05pending",
    feature: "claim-triage",
    tier: 1,
    baseline: "claim-triage@2",
    candidate: "claim-triage@3",
    strategyDetail: strategy("tier1-clinical", TIER1_STAGES),
    state: "pending",
    stageIndex: null,
    setShareBps: 0,
    sentence: "The rollout has not been started.",
    nextAction: "Start it.",
    enteredAtMs: null,
    createdAtMs: NOW - 2 * HOUR,
    updatedAtMs: NOW - 2 * HOUR,
    version: 0,
    revision: 1,
  }),
  rollout({
    id: "roll_06bad",
    feature: "invoice-extraction",
    baseline: "invoice-extraction@21",
    candidate: "invoice-extraction@22",
    strategyDetail: strategy("document-pipeline", CANARY_STAGES),
    state: "rolled_back",
    stateCode: "gate",
    stageIndex: 0,
    setShareBps: 0,
    actualShareBps: 989,
    sentence:
      "Rolled back in canary 5%: quality_score is 21.8% below the baseline on document_type=invoice_foreign (95% 13.1% to 30.4%, n 47).",
    nextAction: "Add the 47 failing inputs to the dataset as must-pass cases.",
    enteredAtMs: NOW - 2.2 * HOUR,
    updatedAtMs: NOW - 48 * MINUTE,
    report: BAD_REPORT,
    exposures: [exposure(0, 1_000, { baseline: 4_120, candidate: 452 }, 48 * MINUTE)],
    changes: [MODEL_CHANGE],
  }),
  rollout({
    id: "roll_07done",
    feature: "faq-answer",
    tier: 3,
    baseline: "faq-answer@9",
    candidate: "faq-answer@10",
    strategyDetail: strategy("prompt-tweak", TWEAK_STAGES),
    state: "completed",
    stageIndex: null,
    setShareBps: 10_000,
    actualShareBps: 10_000,
    sentence:
      "100% is passed: every criterion passes. The rollout is complete: faq-answer@10 is the baseline now.",
    enteredAtMs: NOW - 3 * DAY,
    updatedAtMs: NOW - 3 * DAY,
    report: PASS_REPORT,
    exposures: [exposure(1, 10_000, { candidate: 2_204 }, 3 * DAY)],
  }),
  rollout({
    id: "roll_08before",
    feature: "invoice-extraction",
    baseline: "invoice-extraction@20",
    candidate: "invoice-extraction@21",
    strategyDetail: strategy("document-pipeline", CANARY_STAGES),
    state: "completed",
    stageIndex: null,
    setShareBps: 10_000,
    actualShareBps: 10_000,
    sentence: "100% is passed: every criterion passes. The rollout is complete.",
    enteredAtMs: null,
    createdAtMs: NOW - 30 * DAY,
    updatedAtMs: NOW - 26 * DAY,
    report: PASS_REPORT,
  }),
  rollout({
    id: "roll_09abort",
    feature: "invoice-extraction",
    baseline: "invoice-extraction@21",
    candidate: "invoice-extraction@22",
    strategyDetail: strategy("document-pipeline", CANARY_STAGES),
    state: "rolled_back",
    stateCode: "person",
    stageIndex: 1,
    setShareBps: 0,
    actualShareBps: 2_480,
    sentence:
      'mara aborted the rollout of invoice-extraction@22; invoice-extraction@21 answers everyone again. "Wrong dataset."',
    enteredAtMs: null,
    createdAtMs: NOW - 12 * DAY,
    updatedAtMs: NOW - 11 * DAY,
    report: PASS_REPORT,
  }),
];
