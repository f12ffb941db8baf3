import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetCase } from "@spillway/core";
import { sha256Hex } from "@spillway/core";
import type { RecordedAnswer } from "./recordings.ts";
import type { TrafficItem } from "./traffic.ts";

/** What the gateway's recorded provider and the evaluation need to play a pair over real HTTP. */
export type RecordedFolder = {
  /** Model ids of the recorded provider. */
  readonly baselineModel: string;
  readonly candidateModel: string;
  /** Each answer with the judgment that was recorded for it. */
  readonly cases: readonly DatasetCase[];
};

/** Writes the traffic as a folder of recordings, so that both answers of an item go by its id. */
export async function writeRecordedFolder(
  directory: string,
  source: string,
  items: readonly TrafficItem[],
): Promise<RecordedFolder> {
  await mkdir(join(directory, "inputs"), { recursive: true });
  await mkdir(join(directory, "outputs", source), { recursive: true });
  const lines = (of: readonly unknown[]): string =>
    `${of.map((one) => JSON.stringify(one)).join("\n")}\n`;
  const inputs = items.map((item) => ({
    item_id: item.itemId,
    category: item.category,
    messages: [{ role: "user", content: item.itemId }],
  }));
  await writeFile(join(directory, "inputs", `${source}.jsonl`), lines(inputs));
  for (const arm of ["baseline", "candidate"] as const) {
    const outputs = items.map((item) => ({
      item_id: item.itemId,
      version: arm,
      output: textOf(item[arm]),
      latency_ms: item[arm].latencyMs ?? 0,
    }));
    await writeFile(join(directory, "outputs", source, `${arm}.jsonl`), lines(outputs));
  }
  return {
    baselineModel: `${source}/baseline`,
    candidateModel: `${source}/candidate`,
    cases: items.map(caseOf),
  };
}

function caseOf(item: TrafficItem): DatasetCase {
  const judged = [item.baseline, item.candidate].flatMap((answer) =>
    answer.score === null ? [] : [[sha256Hex(textOf(answer)), answer.score] as const],
  );
  return { id: item.itemId, judgedAnswers: Object.fromEntries(judged) };
}

/**
 * A recording without a text (large sources keep only the judgment) is played as a text of its own. So is
 * an answer in general that two versions share but that was judged apart: the version is part of it.
 */
function textOf(answer: RecordedAnswer): string {
  const text = answer.output ?? "";
  return text.trim() === "" ? `(no text recorded; judged ${answer.score})` : text;
}
