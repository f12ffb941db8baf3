import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { at } from "./workspace.mjs";

// Without its type-aware half the linter reports no errors and exits 0: so its work is tested.

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "spillway-lint-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Names of the rules that a source file breaks. */
function lint(name: string, source: string): string[] {
  writeFileSync(join(directory, name), source);
  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { strict: true, target: "es2024", types: [] } }),
  );
  const args = ["-c", at(".oxlintrc.json"), "--type-aware", "--format", "json", name];
  const { stdout } = spawnSync(process.execPath, [at("node_modules/oxlint/bin/oxlint"), ...args], {
    cwd: directory,
    encoding: "utf8",
  });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string }[] };
  return diagnostics.map(({ code }) => code);
}

test.each([
  [
    "no-floating-promises",
    "async function save(): Promise<void> {}\nexport function f(): void {\n  save();\n}\n",
  ],
  ["await-thenable", "export async function f(): Promise<void> {\n  await 1;\n}\n"],
  [
    "no-misused-promises",
    "async function ask(): Promise<boolean> {\n  return true;\n}\nexport const n = (): number => {\n  if (ask()) return 1;\n  return 2;\n};\n",
  ],
  [
    "switch-exhaustiveness-check",
    'export function f(kind: "a" | "b"): number {\n  switch (kind) {\n    case "a":\n      return 1;\n  }\n  return 2;\n}\n',
  ],
])("a rule that needs types works: %s", (rule, source) => {
  expect(lint("a.ts", source)).toContainEqual(expect.stringContaining(rule));
});

test.each([
  ["no-explicit-any", "export const a: any = 1;\n"],
  ["eqeqeq", "export const f = (a: string): boolean => a == '1';\n"],
  ["no-console", "console.log(1);\nexport {};\n"],
  ["max-params", "export const f = (a: 1, b: 2, c: 3, d: 4): number => a + b + c + d;\n"],
  ["max-lines", `${"// A line.\n".repeat(401)}export {};\n`],
  ["max-lines-per-function", `export function f(): void {\n${"  void 0;\n".repeat(70)}}\n`],
  ["consistent-type-imports", 'import { Json } from "./b.ts";\nexport type A = Json;\n'],
])("a rule of the style guide works: %s", (rule, source) => {
  expect(lint("a.ts", source)).toContainEqual(expect.stringContaining(`(${rule})`));
});

test("clean code is clean", () => {
  expect(lint("a.ts", "export const a = 1;\n")).toEqual([]);
});
