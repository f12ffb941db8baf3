import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { testLevels } from "./levels.ts";
import { findMetric } from "./metric-catalogue.ts";
import { textOfPercent } from "./number-text.ts";

const page = readFileSync(
  new URL("../../../../docs/statistics.md", import.meta.url),
  "utf8",
).replaceAll(/[ ]+/g, " ");

/** The table of margins, by what the gate tests. */
test.each([500, 2_500, 7_500, 10_000])("docs/statistics.md: the margin before %i bps", (next) => {
  const metric = findMetric("error_rate")!;
  const levels = testLevels({ kind: "limit", hold: null, rollback: 0.05 }, metric, next);
  const factor = Number(((levels.margin - 0.03) / 0.02).toFixed(2));
  expect(levels.hold).toBeCloseTo(0.03);
  expect(page).toContain(
    `| ${next / 100}% | ${factor} | 3% + ${factor} x 2pp = ${textOfPercent(levels.margin)} |`,
  );
});
