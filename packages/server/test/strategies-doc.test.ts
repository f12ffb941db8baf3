import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { METRIC_CATALOGUE, parseCriteria, STRATEGY_KEYS } from "@spillway/core";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { builtInStrategies, parseStrategyDocument } from "../src/compose-stores.ts";

const page = await readFile(join(import.meta.dirname, "../../../docs/strategies.md"), "utf8");

/** What stands in the first column of the section's first table. */
function listed(heading: string): string[] {
  const section = page.split(`\n${heading}\n`)[1]?.split(/\n##/)[0] ?? "";
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? "");
}

/** The parser names all keys that it knows when it finds another one. */
function criterionKeys(): string[] {
  const result = parseCriteria({ quality: { rollback: "-10%", no: 1 } }, METRIC_CATALOGUE);
  const [problem] = result.kind === "problems" ? result.problems : [];
  return /Known are (.+)\.$/.exec(problem?.message ?? "")?.[1]?.split(", ") ?? [];
}

describe("docs/strategies.md", () => {
  it.each([
    ["## The strategy", STRATEGY_KEYS.strategy],
    ["## Stages", STRATEGY_KEYS.stage],
    ["### Least", STRATEGY_KEYS.least],
    ["## Confidence", STRATEGY_KEYS.confidence],
    ["## Criteria", criterionKeys()],
    ["## What the server brings", [...builtInStrategies().keys()]],
  ])("%s lists exactly what there is", (heading, keys) => {
    expect(keys.length).toBeGreaterThan(2);
    expect(listed(heading).toSorted()).toEqual([...keys].toSorted());
  });

  it("shows strategies that can be used as they stand", () => {
    const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(
      (match) => match[1] ?? "",
    );
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(parseStrategyDocument(parse(example))).toMatchObject({ kind: "strategy" });
    }
  });

  it("tells apart what a stage and what a criterion says of silence", () => {
    const gate = {
      quality: { rollback: "-10%", on_no_data: "rollback" },
      error_rate: { limit: "5%", on_error: "hold" },
    };
    const stages = [{ stage: "verify", onInconclusive: "extend" }];
    const parsed = parseStrategyDocument({ strategy: "s", gate, stages, onNoData: "rollback" });
    expect(parsed).toMatchObject({
      strategy: {
        criteria: [
          { onInconclusive: "extend", onNoData: "rollback", onError: "extend" },
          { onInconclusive: "extend", onNoData: "extend", onError: "hold" },
        ],
        stages: [{ onInconclusive: "extend", onNoData: "rollback", onError: "hold" }],
      },
    });
  });
});
