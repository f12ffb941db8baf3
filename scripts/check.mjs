// The gate: format, lint, types, import rules, unused code, lock file, install scripts.
// `npm run check` runs all of it, `npm run check -- lint types` a part. One line per check.
import { existsSync, globSync, readdirSync } from "node:fs";
import { runCaptured } from "./captured-program.mjs";
import { TaskError, at, say } from "./workspace.mjs";

/** @typedef {{ ok: boolean, summary: string, output: string }} CheckResult */

/** @type {Record<string, () => Promise<CheckResult>>} */
const CHECKS = {
  format: () => runTool("prettier/bin/prettier.cjs", ["--check", "--log-level", "warn", "."]),
  lint: () => runTool("oxlint/bin/oxlint", ["--type-aware", "--deny-warnings", "."]),
  types: checkTypes,
  imports: () => runScript("check-imports.mjs"),
  unused: () => runTool("knip/bin/knip.js", ["--no-progress", "--no-config-hints"]),
  "lock-file": () => runScript("check-lock-file.mjs"),
  "install-scripts": () => runScript("check-install-scripts.mjs"),
};

function runTool(path, args) {
  return run([at("node_modules", path), ...args]);
}

/** Our own scripts close with a line that says what they saw. */
async function runScript(name) {
  const result = await run([at("scripts", name)]);
  const lines = result.output.trimEnd().split("\n");
  return { ...result, summary: lines.at(-1) ?? "" };
}

async function checkTypes() {
  const projects = listProjects();
  const results = [];
  // One after the other: the compiler uses every core by itself.
  for (const project of projects) {
    results.push(await runTool("typescript/bin/tsc", ["-p", at(project), "--pretty", "false"]));
  }
  return {
    ok: results.every(({ ok }) => ok),
    summary: `${projects.length} projects`,
    output: results.map(({ output }) => output).join(""),
  };
}

/** Every tsconfig that has something to check; the compiler fails on one without input. */
function listProjects() {
  const folders = readdirSync(at("packages"))
    .map((name) => `packages/${name}`)
    .filter((folder) => globSync(`${folder}/src/**/*.{ts,tsx}`, { cwd: at() }).length > 0);
  return [...folders, "scripts", "bench"]
    .flatMap((folder) => [`${folder}/tsconfig.json`, `${folder}/tsconfig.test.json`])
    .filter((project) => existsSync(at(project)));
}

async function run(command) {
  const { code, output } = await runCaptured(process.execPath, command, { cwd: at() });
  return { ok: code === 0, summary: "", output };
}

function chooseChecks(names) {
  const unknown = names.find((name) => !Object.hasOwn(CHECKS, name));
  if (unknown !== undefined) {
    const known = Object.keys(CHECKS).join(", ");
    throw new TaskError(`Unknown check "${unknown}". Checks: ${known}.`);
  }
  return names.length === 0 ? Object.keys(CHECKS) : names;
}

async function main(names) {
  let failures = 0;
  for (const name of chooseChecks(names)) {
    const startedAt = performance.now();
    const { ok, summary, output } = await CHECKS[name]();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const verdict = ok ? "ok" : "FAILED";
    console.log(
      `${name.padEnd(16)} ${verdict.padEnd(6)} ${seconds.padStart(5)} s  ${summary}`.trimEnd(),
    );
    if (ok) continue;
    failures += 1;
    console.log(`${output.trimEnd().replaceAll(/^/gm, "    ")}\n`);
  }
  process.exitCode = failures === 0 ? 0 : 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof TaskError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
