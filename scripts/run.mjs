// Runs a task of this repository: `node scripts/run.mjs <task> [arguments]`, as `npm run <task>` does.
//
// Works on Node 20 and in a fresh clone: it installs the dependencies, finds the Node they bring,
// builds the dashboard for tasks that show it, and hands over. Its own words go to stderr.
import { existsSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { endLike, findNode, runProgram } from "../packages/cli/bin/node24.mjs";
import { ensureDashboard } from "./dashboard-build.mjs";
import { ensureDependencies } from "./dependencies.mjs";
import { TaskError, at, say } from "./workspace.mjs";

/** @type {Record<string, { program: readonly string[], needsDashboard: boolean }>} */
const TASKS = {
  demo: { program: ["packages/testkit/src/demo/main.ts"], needsDashboard: true },
  up: { program: ["packages/cli/bin/spillway.mjs", "up"], needsDashboard: true },
  test: { program: ["node_modules/vitest/vitest.mjs", "run"], needsDashboard: true },
  check: { program: ["scripts/check.mjs"], needsDashboard: false },
  "bench:rehearse": { program: ["bench/rehearse.ts"], needsDashboard: false },
  "bench:tick": { program: ["bench/tick.ts"], needsDashboard: false },
  "crash-test": { program: ["packages/testkit/src/crash-test/main.ts"], needsDashboard: true },
  "bench:decisions": { program: ["bench/decisions/main.ts"], needsDashboard: false },
};

async function main([name, ...args]) {
  const task = name !== undefined && Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (task === undefined) {
    throw new TaskError(`Unknown task "${name ?? ""}". Tasks: ${Object.keys(TASKS).join(", ")}.`);
  }
  await ensureDependencies();
  const node = findNode(import.meta.url);
  if (node.kind === "missing") throw new TaskError(node.message);
  const env = environment(node.path);
  if (task.needsDashboard) await ensureDashboard(node.path, env);
  const [entry, ...fixed] = task.program;
  if (!existsSync(at(entry))) {
    throw new TaskError(`The task "${name}" runs ${entry}, which this checkout does not have.`);
  }
  endLike(await runProgram(node.path, [at(entry), ...fixed, ...args], { cwd: at(), env }));
}

/** PATH gives the task's own child processes the same Node, and the installed tools. */
function environment(nodePath) {
  // On Windows the variable is often spelt Path; a second spelling would be dropped at random.
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  const path = [dirname(nodePath), at("node_modules", ".bin"), process.env[key] ?? ""];
  return { ...process.env, [key]: path.join(delimiter) };
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof TaskError ? error.message : String(error?.stack ?? error));
  process.exitCode = 1;
}
