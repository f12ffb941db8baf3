// Builds the dashboard's static bundle when its sources have changed since the last build.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCaptured } from "./captured-program.mjs";
import { withFileLock } from "./file-lock.mjs";
import { TaskError, at, say, startProgress } from "./workspace.mjs";

const DASHBOARD = at("packages", "dashboard");
const STAMP = join(DASHBOARD, "dist", ".build-stamp");

/** Everything that the bundle is made from. The lock file stands for the packages in it. */
const SOURCES = [
  "package-lock.json",
  "packages/contract/src",
  "packages/dashboard/index.html",
  "packages/dashboard/package.json",
  "packages/dashboard/public",
  "packages/dashboard/src",
  "packages/dashboard/vite.config.ts",
  "packages/sdk/src",
];

/**
 * @param {string} node the Node binary to build with
 * @param {NodeJS.ProcessEnv} env
 */
export async function ensureDashboard(node, env) {
  if (!existsSync(join(DASHBOARD, "vite.config.ts"))) {
    say("dashboard: not built, packages/dashboard/vite.config.ts is absent");
    return;
  }
  if (isBuilt()) return;
  await withFileLock(at(".dashboard-build.lock"), "building the dashboard", async () => {
    if (!isBuilt()) await build(node, env);
  });
}

function isBuilt() {
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === sourcesHash();
}

async function build(node, env) {
  // Taken first: an edit during the build then leads to another build, never to a stale bundle.
  const hash = sourcesHash();
  const endProgress = startProgress("building the dashboard");
  const vite = at("node_modules", "vite", "bin", "vite.js");
  const options = { cwd: DASHBOARD, env: { ...env, NODE_ENV: "production" } };
  const { code, output } = await runCaptured(node, [vite, "build"], options);
  const seconds = endProgress();
  if (code !== 0) throw new TaskError(`Building the dashboard failed:\n${output.trimEnd()}`);
  writeFileSync(STAMP, hash);
  say(`built the dashboard in ${seconds.toFixed(1)} s`);
}

function sourcesHash() {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    for (const file of listFiles(source)) {
      hash
        .update(`${file}\0`)
        .update(readFileSync(at(file)))
        .update("\0");
    }
  }
  return hash.digest("hex");
}

function listFiles(path) {
  if (!existsSync(at(path))) return [];
  try {
    const names = readdirSync(at(path)).toSorted();
    return names.flatMap((name) => listFiles(`${path}/${name}`));
  } catch (error) {
    if (error.code === "ENOTDIR") return [path];
    throw error;
  }
}
