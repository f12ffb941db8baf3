import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createScorer } from "@spillway/core";
import { expect, it } from "vitest";
import { createScorerPorts } from "../src/compose-scorer-ports.ts";

const page = await readFile(join(import.meta.dirname, "../../../docs/scorers.md"), "utf8");

it("docs/scorers.md lists exactly the kinds of scorers that there are", () => {
  const unknown = createScorer(
    { kind: "none", metric: "quality", settings: {} },
    createScorerPorts(),
  );
  const [problem] = unknown.kind === "problems" ? unknown.problems : [];
  const kinds = /wanted one of (.+)\.$/.exec(problem?.message ?? "")?.[1]?.split(", ") ?? [];
  const table = page.split("\n## ")[0] ?? "";
  const listed = [...table.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1]);
  expect(kinds.length).toBeGreaterThan(2);
  expect(listed).toEqual(kinds);
});
