import { GATE_METHOD } from "../gate/gate-method.ts";
import { textOfOdds } from "../gate/number-text.ts";
import type { GateInput, GateReport, Verdict } from "../gate/verdict.ts";
import type { Json } from "../json.ts";
import { isJsonObject } from "../json.ts";
import { canonicalJson } from "../release/canonical-json.ts";
import { decide } from "./decide.ts";
import type { DecideOutcome, DecisionKind, RolloutEvent } from "./decision.ts";
import { inWords } from "../duration.ts";
import { judgeGate } from "./judge-gate.ts";
import type { DecisionId, Rollout, RolloutId } from "./rollout.ts";

/** Everything that a decision is made from. Stored whole, so that it can be made again. */
export type DecisionInputs = {
  readonly rollout: Rollout;
  readonly event: RolloutEvent;
  /** Null where there is nothing to judge: before the start. */
  readonly gate: GateInput | null;
  readonly stageObservations: number;
  readonly nowMs: number;
};

export type Judgement = { readonly report: GateReport | null; readonly outcome: DecideOutcome };

/** Names the rules of `decide`; a change of what it decides, or of its words, changes the name. */
export const DECISION_METHOD = "spillway-decide/3";

/** From evidence to verdicts to what happens next: the only path, for live rollouts and replays. */
export function judge(inputs: DecisionInputs): Judgement {
  const report = inputs.gate === null ? null : judgeGate(inputs.rollout, inputs.gate);
  const { rollout, event, stageObservations, nowMs } = inputs;
  return { report, outcome: decide({ rollout, event, gate: report, stageObservations, nowMs }) };
}

/** A decision as it is kept: what was decided, from what, by which method. */
export type DecisionRecord = {
  readonly id: DecisionId;
  /** Null for a move of a feature that had no rollout under way. */
  readonly rolloutId: RolloutId | null;
  readonly feature: string;
  /** The rollout's version that it made. */
  readonly version: number;
  readonly decision: DecisionKind;
  readonly fromState: string | null;
  readonly toState: string | null;
  readonly stage: string | null;
  readonly reason: string;
  readonly actor: string;
  readonly atMs: number;
  /** Null for a move without a rollout: a person's word is its only input. */
  readonly inputs: DecisionInputs | null;
  readonly outcome: Json;
  readonly report: GateReport | null;
  readonly method: string;
  readonly snapshotRevision: number;
};

export type DecisionReplay = {
  /** Null: there is nothing to decide it again from, which is no agreement. */
  readonly agrees: boolean | null;
  readonly stored: Json;
  /** Null where nothing was decided again. */
  readonly replayed: Json;
  readonly sentence: string;
};

/** By what a rollout's decisions are made here: how it is decided, and how its gate judges. */
export const ROLLOUT_METHOD = `${DECISION_METHOD} ${GATE_METHOD}`;

/**
 * Decides again from the stored inputs. The outcome and the gate's report must be the same. What another method
 * has decided may come out otherwise, which is no sign that the record was changed.
 */
export function replayDecision(record: DecisionRecord): DecisionReplay {
  const stored = { report: record.report as unknown as Json, outcome: record.outcome };
  if (record.inputs === null) {
    const sentence =
      "Cannot be decided again: it was made from no stored inputs. A person moved the feature directly.";
    return { agrees: null, stored, replayed: null, sentence };
  }
  const { report, outcome } = judge(record.inputs);
  const replayed = { report: report as unknown as Json, outcome: outcome as unknown as Json };
  const agrees = canonicalJson(stored) === canonicalJson(replayed);
  if (!agrees && record.method !== ROLLOUT_METHOD) {
    const sentence =
      `Cannot be decided again as it was: it was made by ${record.method}, and this version decides by ` +
      `${ROLLOUT_METHOD}, with another outcome, report or words.`;
    return { agrees: null, stored, replayed, sentence };
  }
  const sentence = agrees
    ? `Decided again from the stored inputs: ${record.decision}, as stored.`
    : `Decided again from the stored inputs the outcome differs. Stored with ${record.method}.`;
  return { agrees, stored, replayed, sentence };
}

/** A decision in sentences, from what was stored with it: what, why, what was measured on how many, and what was missing. */
export function explainDecision(record: DecisionRecord): string[] {
  const reason = record.decision === "hold" ? withoutHold(record.reason) : record.reason;
  const sentences = [`${record.feature}: ${record.decision}. ${reason}`];
  const { inputs, report } = record;
  if (inputs === null) return sentences;
  if (inputs.event.kind !== "tick") sentences.push(`It was asked for by ${record.actor}.`);
  if (report !== null) {
    sentences.push(`The gate said ${report.verdict}: ${withoutHold(report.sentence)}`);
    for (const verdict of report.verdicts) {
      sentences.push(`${verdict.sentence}${evidenceInWords(verdict, record.atMs)}`);
    }
    sentences.push(...report.warnings.map((warning) => warning.sentence));
  }
  sentences.push(...unmetAsStored(record.outcome).map((sentence) => `Missing: ${sentence}`));
  sentences.push(`Method: ${record.method}.`);
  return [...new Set(sentences)];
}

/** A gate's sentence begins with "Hold: ", which says nothing new behind the same word. */
const withoutHold = (sentence: string): string => sentence.replace(/^Hold: /, "");

/** The sentences of what was missing then; to judge anew could say something else. */
function unmetAsStored(outcome: Json): string[] {
  const unmet = isJsonObject(outcome) ? outcome["unmet"] : null;
  if (!Array.isArray(unmet)) return [];
  return unmet.flatMap((requirement) => {
    const sentence = isJsonObject(requirement) ? requirement["sentence"] : null;
    return typeof sentence === "string" ? [sentence] : [];
  });
}

/** Interval, margins, odds and age of a row: what its sentence leaves out. */
function evidenceInWords(verdict: Verdict, nowMs: number): string {
  if (verdict.evidence !== "measured") return "";
  const { interval, levels, newestAtMs } = verdict;
  const range =
    interval === null
      ? ""
      : ` Harm between ${shown(interval.low)} and ${shown(interval.high)} (${Math.round(interval.level * 100)}%, at any time);`;
  const hold = levels.hold === null ? "" : ` hold ${shown(levels.hold)},`;
  const age =
    newestAtMs === null
      ? ""
      : `; newest observation ${inWords(Math.max(0, nowMs - newestAtMs) / 1_000)} old`;
  return (
    `${range} levels:${hold} rollback ${shown(levels.rollback)}, margin ${shown(levels.margin)}; odds ` +
    `${textOfOdds(verdict.logHarm)} for harm, ${textOfOdds(verdict.logSafety)} for safety${age}.`
  );
}

const shown = (value: number): string => String(Number(value.toPrecision(3)));
