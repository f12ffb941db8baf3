import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CallInput } from "@spillway/sdk";

/** The feature whose rollouts are disturbed, its recorded models, and the strategy they follow. */
export const FEATURE = "crash-test";
export const STRATEGY = "crash-test";

/** Two models answer rightly, so that there is always a good one that is not the baseline. */
export const RELEASES = {
  good: [`${FEATURE}@1`, `${FEATURE}@2`],
  bad: `${FEATURE}@3`,
} as const;

/** One real second is an hour of the rollout's time: its stages of an hour each pass in seconds. */
export const CLOCK_SPEED = 3_600;

const ITEMS = Array.from({ length: 40 }, (_, index) => ({
  id: `item-${String(index).padStart(2, "0")}`,
  question: `What is ${index} plus ${index}?`,
  answer: `The sum is ${index + index}.`,
}));

export const QUESTIONS: readonly { readonly id: string; readonly question: string }[] = ITEMS;

/**
 * Of the rollout's clock: ten to twenty real milliseconds for most, and two seconds for one, so that a kill
 * finds requests under way and a gateway that drains is still at it when the next one starts.
 */
const SLOW_MS = 2 * CLOCK_SPEED * 1_000;

const MODELS = ["good-a", "good-b", "bad"] as const;
const SOURCE = "sums";

/** Writes the recordings that the provider named `recorded` serves. */
export async function writeRecordings(directory: string): Promise<void> {
  const outputs = join(directory, "outputs", SOURCE);
  await mkdir(outputs, { recursive: true });
  for (const model of MODELS) {
    const lines = ITEMS.map(({ id, answer }, index) =>
      JSON.stringify({
        item_id: id,
        output: model === "bad" ? "I would rather not say." : answer,
        latency_ms: index === 0 ? SLOW_MS : 30_000 + index * 1_000,
        in_tokens: 20,
        out_tokens: 8,
      }),
    );
    await writeFile(join(outputs, `${model}.jsonl`), `${lines.join("\n")}\n`);
  }
}

type ApplyBody = CallInput<"apply">["body"];

/** Everything that is registered before the first round. */
export function registration(): ApplyBody {
  return {
    features: [
      {
        key: FEATURE,
        title: "Sums",
        owner: "crash-test",
        tier: 3,
        scorers: [{ kind: "normalised_match", metric: "exact_match", settings: {} }],
      },
    ],
    components: [
      {
        kind: "prompt",
        name: "sums-prompt",
        label: "v1",
        content: { messages: [{ role: "system", content: "Add." }] },
      },
      {
        kind: "dataset",
        name: "sums-cases",
        label: "v1",
        content: { cases: ITEMS.map(({ id, answer }) => ({ id, reference: answer })) },
      },
      ...MODELS.map((model) => ({
        kind: "model" as const,
        name: "sums-model",
        label: model,
        content: { provider: "recorded", id: `${SOURCE}/${model}` },
      })),
    ],
    releases: MODELS.map((model) => ({
      feature: FEATURE,
      components: {
        prompt: "sums-prompt:v1",
        dataset: "sums-cases:v1",
        model: `sums-model:${model}`,
      },
    })),
    strategies: [strategy()],
    baselines: [{ feature: FEATURE, release: RELEASES.good[0] }],
  };
}

function strategy(): NonNullable<ApplyBody["strategies"]>[number] {
  const least = { duration: "1h", observations: 10 };
  return {
    strategy: STRATEGY,
    description: "Every kind of stage with traffic, an hour each.",
    gate: { exact_match: { hold: "-20pp", rollback: "-40pp" } },
    stages: [
      { stage: "shadow", least },
      { stage: "canary", share: "20%", shadow: "50%", least },
      { stage: "ramp", share: ["50%", "100%"], shadow: "50%", least },
      { stage: "verify", shadow: "50%", least },
    ],
  };
}
