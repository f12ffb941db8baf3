import { existsSync, readdirSync } from "node:fs";
import type { KnipConfig } from "knip";

/** Files that something outside the import graph starts. index.ts and bin come from package.json. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  cli: ["src/main.ts"],
  server: ["src/main.ts"],
  dashboard: ["src/main.tsx"],
  testkit: ["src/demo/main.ts", "src/crash-test/main.ts"],
};

const packages = readdirSync("packages", { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** A package that has no source yet uses none of the dependencies that it declares. */
const isEmpty = (name: string): boolean => !existsSync(`packages/${name}/src`);

const config: KnipConfig = {
  workspaces: {
    ".": {
      entry: ["scripts/*.mjs", "bench/*.ts", "bench/*/main.ts"],
      project: ["scripts/**", "bench/**"],
      // Run by their path (scripts/check.mjs); oxlint starts the second one itself.
      ignoreDependencies: ["oxlint", "oxlint-tsgolint"],
    },
    ...Object.fromEntries(
      packages.map((name) => [
        `packages/${name}`,
        {
          entry: [...(ENTRIES[name] ?? [])],
          project: ["src/**/*.{ts,tsx}", "test/**/*.{ts,tsx}", "bin/*.mjs"],
          // Imported by the stylesheet.
          ...(name === "dashboard" ? { ignoreDependencies: ["tailwindcss"] } : {}),
        },
      ]),
    ),
  },
  ignoreWorkspaces: packages.filter(isEmpty).map((name) => `packages/${name}`),
  // A type is part of the signature of what it stands beside; naming it costs nothing at run time.
  ignoreExportsUsedInFile: { type: true, interface: true },
};

export default config;
