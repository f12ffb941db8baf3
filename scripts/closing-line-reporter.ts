import { writeFileSync } from "node:fs";
import type { Reporter, TestModule, TestRunEndReason } from "vitest/node";
import { renderTestTotals } from "./test-totals.ts";
import type { TestTotals } from "./test-totals.ts";

/**
 * Vitest reporter that closes a run with one line, "N passed, N failed, N skipped". The line is also
 * written to the file that SPILLWAY_TEST_TOTALS names, for .ci/run to repeat as its last word.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    // No file matched: vitest says so and fails; totals of nothing would read like a success.
    if (modules.length === 0 && unhandledErrors.length === 0) return;
    const totals = countTests(modules, unhandledErrors.length);
    // An interrupted run has no result: say so instead of a total that looks like one.
    const line = reason === "interrupted" ? "test run interrupted" : renderTestTotals(totals);
    process.stdout.write(`\n${line}\n`);
    const file = process.env["SPILLWAY_TEST_TOTALS"];
    if (file !== undefined && reason !== "interrupted") writeFileSync(file, `${line}\n`);
  }
}

function countTests(modules: readonly TestModule[], unhandledErrorCount: number): TestTotals {
  let [passed, failed, skipped] = [0, unhandledErrorCount, 0];
  for (const module of modules) {
    let failedHere = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") passed += 1;
      else if (state === "failed") failedHere += 1;
      else skipped += 1;
    }
    // A file that does not load, or a hook that throws, fails without a failed test of its own.
    failed += failedHere === 0 && module.state() === "failed" ? 1 : failedHere;
  }
  return { passed, failed, skipped };
}
