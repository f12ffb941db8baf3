import type { Exchange, Score } from "../exchange/exchange.ts";
import type { Feedback } from "../exchange/feedback.ts";
import { withOpenMetrics } from "../gate/feature-metrics.ts";
import { labelLag, labelLagsOf } from "../gate/label-lags.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { EvidenceIncrement, FeatureKnowledge } from "./evidence-increment.ts";
import { singleEvidence } from "./evidence-increment.ts";
import { correctedField, numbersOfFeedback } from "./feedback-numbers.ts";

/** One number that people have given to one answer, and the evidence that it is. */
export type FeedbackLabel = {
  readonly exchangeId: string;
  readonly score: Score;
  readonly evidence: readonly EvidenceIncrement[];
};

export type FeedbackOutcome = {
  readonly id: string;
  readonly labels: readonly FeedbackLabel[];
  /** Why it counts for nothing; null when it counts. */
  readonly refusal: string | null;
};

const FEEDBACK_SCORER = "feedback";

/**
 * Turns feedback into numbers on its exchanges and into evidence, where and when the request was made: in
 * its stage, arm, slices and minute, so that both arms are compared at equal age. Pure, so that what is
 * evaluated again after a crash gives the same.
 *
 * Each exchange has one number of each name, the first that was given; `labels` may still repeat what an
 * earlier batch has stored, and it is the store that takes each once. Replacing an earlier number instead
 * would reopen a bet that is settled: the odds are a supermartingale over numbers that stay what they are.
 */
export function evaluateFeedback(input: {
  readonly items: readonly { readonly feedback: Feedback; readonly exchange: Exchange }[];
  readonly knowledgeOf: (exchange: Exchange) => FeedbackKnowledge | null;
}): readonly FeedbackOutcome[] {
  const given = new Set<string>();
  return input.items.map(({ feedback, exchange }) => {
    const knowledge = input.knowledgeOf(exchange);
    const refusal = refusalOf(feedback, exchange, knowledge);
    if (knowledge === null || refusal !== null) return { id: feedback.id, labels: [], refusal };
    const labels = labelsOf(knowledge, feedback, exchange).filter(({ exchangeId, score }) => {
      const key = JSON.stringify([exchangeId, score.metric]);
      if (given.has(key)) return false;
      given.add(key);
      return true;
    });
    return { id: feedback.id, labels, refusal };
  });
}

type FeedbackKnowledge = Pick<FeatureKnowledge, "feature" | "metrics">;

function refusalOf(
  { features }: Feedback,
  exchange: Exchange,
  knowledge: FeedbackKnowledge | null,
): string | null {
  if (!features.includes("*") && !features.includes(exchange.feature)) {
    return `The key may not speak of ${exchange.feature}.`;
  }
  return knowledge === null ? `There is no feature ${exchange.feature} any more.` : null;
}

function labelsOf(
  { feature, metrics }: FeedbackKnowledge,
  feedback: Feedback,
  exchange: Exchange,
): FeedbackLabel[] {
  const scored = new Set((feature.scorers ?? []).map(({ metric }) => metric));
  const sources = metrics.map(sourceOf);
  const numbers = numbersOfFeedback(feedback, {
    output: exchange.output,
    fields: sources.flatMap((source) => correctedField(source) ?? []),
  });
  return Object.entries(numbers).flatMap(([source, value]) => {
    // A scorer's number comes with the answer; counting both would count the answer twice.
    if (scored.has(source)) return [];
    const score = { metric: source, value, scorer: FEEDBACK_SCORER, note: null };
    const read = withOpenMetrics(metrics, [source]).filter((metric) => sourceOf(metric) === source);
    return [
      {
        exchangeId: exchange.id,
        score,
        evidence: [
          ...singleEvidence({ feature, metrics: read }, exchange, [score]),
          ...lagEvidence(
            { feature, metrics: read },
            { exchange, value, atMs: feedback.receivedAtMs },
          ),
        ],
      },
    ];
  });
}

/** How late a label came, on all traffic: whether labels come as late on both arms. */
function lagEvidence(
  { feature, metrics }: FeedbackKnowledge,
  label: { readonly exchange: Exchange; readonly value: number; readonly atMs: number },
): EvidenceIncrement[] {
  const { exchange, value, atMs } = label;
  return metrics.flatMap((metric) => {
    const lag = labelLag(metric, { value, lagMs: atMs - exchange.startedAtMs });
    if (lag === null) return [];
    const name = labelLagsOf(metric.name);
    const lags: MetricDefinition = {
      name,
      kind: "binary",
      unit: "share",
      direction: "lower_is_better",
      description: `Whether what counts against ${metric.name} became known later than usual.`,
    };
    const score = { metric: name, value: lag, scorer: FEEDBACK_SCORER, note: null };
    return singleEvidence({ feature: { ...feature, slices: [] }, metrics: [lags] }, exchange, [
      score,
    ]);
  });
}

const sourceOf = ({ name, source }: MetricDefinition): string => source ?? name;
