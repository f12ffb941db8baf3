import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.{ts,tsx}",
      "packages/*/test/**/*.test.{ts,tsx}",
      "scripts/**/*.test.ts",
      "bench/**/*.test.ts",
    ],
    // One line per finished file as it goes, and the totals alone on the last line.
    reporters: [["default", { summary: false }], "./scripts/closing-line-reporter.ts"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Each worker may hold a PostgreSQL of its own.
    maxWorkers: 2,
  },
});
