import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DatasetCase, JsonObject } from "@spillway/core";
import { createScorer, strategyProblems } from "@spillway/core";
import { describe, expect, test } from "vitest";
import { generateFiles } from "../../../../examples/discharge-summary/generate.ts";
import { loadManifests } from "../../../cli/src/manifest/load-manifests.ts";
import { parseStrategyDocument } from "../../../server/src/compose-stores.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const EXAMPLE = join(ROOT, "examples", "discharge-summary");
const files = generateFiles();

test("the committed files are what the generator makes", async () => {
  const committed = await Promise.all(
    [...files.keys()].map(
      async (path) => [path, await readFile(join(EXAMPLE, path), "utf8")] as const,
    ),
  );
  expect(new Map(committed)).toEqual(files);
});

describe("the manifests", async () => {
  const { body } = await loadManifests([EXAMPLE], ROOT);

  test("hold a feature with three releases, and a dataset of sixty cases or more", () => {
    expect(body.features?.map(({ key }) => key)).toEqual(["discharge-summary"]);
    expect(body.releases?.map(({ components }) => components.prompt)).toEqual(
      ["v3.1", "v3.2", "v3.3"].map((version) => `discharge-summary-system-prompt:${version}`),
    );
    const cases = (body.components ?? []).flatMap((component) =>
      component.kind === "dataset" ? component.content.cases : [],
    );
    expect(cases.length).toBeGreaterThanOrEqual(60);
    expect(cases.every(({ facts }) => (facts ?? []).length >= 3)).toBe(true);
  });

  test("hold strategies that fit the feature's tier", () => {
    const tier = body.features?.[0]?.tier ?? 1;
    const names = (body.strategies ?? []).map((document) => {
      const parsed = parseStrategyDocument(document as JsonObject);
      if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
      expect(strategyProblems(parsed.strategy, tier)).toEqual([]);
      return parsed.strategy.name;
    });
    expect(names.toSorted()).toEqual(["canary-first", "clinical"]);
  });
});

describe("the recorded answers", () => {
  const coverage = factCoverage();

  test("v3.2 is as good as v3.1 on one illness, and far worse on several", () => {
    const { single, multi } = coverage("v3.2");
    expect(single).toBeGreaterThanOrEqual(coverage("v3.1").single);
    expect(multi).toBeLessThan(coverage("v3.1").multi * 0.8);
  });

  test("v3.3 leaves nothing out", () => {
    expect(coverage("v3.3")).toEqual({ single: 1, multi: 1 });
  });
});

/** Mean score of the feature's own scorer over the recorded answers of a version. */
function factCoverage() {
  const scorer = createScorer(
    { kind: "required_facts", metric: "quality", settings: {} },
    {
      compileSchema: () => ({ kind: "problem", message: "There is no schema here." }),
      compilePattern: () => ({ kind: "problem", message: "There is no pattern here." }),
    },
  );
  if (scorer.kind === "problems") throw new Error(JSON.stringify(scorer.problems));
  const cases = new Map(linesOf<DatasetCase>("cases.jsonl").map((one) => [one.id, one]));

  return (version: string): { single: number; multi: number } => {
    const path = `recordings/outputs/discharge-summary/claude-opus-4-8+${version}.jsonl`;
    const answers = linesOf<{ item_id: string; output: string }>(path);
    const meanOf = (morbidity: string): number => {
      const values = answers.flatMap(({ item_id: id, output }) => {
        const datasetCase = cases.get(id);
        if (datasetCase?.attributes?.["morbidity"] !== morbidity) return [];
        const exchange = { output, input: null, attributes: {}, outcome: "ok" } as const;
        return [scorer.score({ exchange, datasetCase }).value ?? 0];
      });
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    return { single: meanOf("single"), multi: meanOf("multi") };
  };
}

function linesOf<Line>(path: string): Line[] {
  const text = files.get(path) ?? "";
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}
