// Makes node_modules match package-lock.json, and does nothing when it does.
//
// State of node_modules, read from it alone:
//   stamped   .spillway-stamp holds the hash of package-lock.json      -> nothing to do
//   matching  npm's own record lists what the lock wants (someone ran npm) -> finish and stamp
//   stale     anything else                                             -> npm ci, finish and stamp
// "Finish" runs the allowed install scripts, since .npmrc switches all of them off.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { runCaptured } from "./captured-program.mjs";
import { withFileLock } from "./file-lock.mjs";
import { allowedInstallScript, listInstallScripts } from "./install-scripts.mjs";
import { TaskError, at, say, startProgress } from "./workspace.mjs";

const STAMP = at("node_modules", ".spillway-stamp");
/** npm's record of what it put into node_modules. */
const INSTALLED_LOCK = at("node_modules", ".package-lock.json");
/** From the start: npm says what is wrong first and its usage after. */
const FAILURE_LINES = 20;

export async function ensureDependencies() {
  if (isStamped()) return;
  // Not inside node_modules: npm ci empties it.
  await withFileLock(at(".install.lock"), "installing dependencies", async () => {
    if (isStamped()) return;
    if (!isInstalledAsLocked()) await install();
    await runAllowedInstallScripts();
    writeFileSync(STAMP, lockHash());
  });
}

/** The platform is part of it: node_modules may be shared between a container and its host. */
function lockHash() {
  const hash = createHash("sha256").update(readFileSync(at("package-lock.json")));
  return hash.update(`${process.platform}-${process.arch}`).digest("hex");
}

function isStamped() {
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === lockHash();
}

/** Whether npm's record agrees with the lock: same versions, nothing absent but what is optional. */
function isInstalledAsLocked() {
  if (!existsSync(INSTALLED_LOCK)) return false;
  const wanted = readJson(at("package-lock.json")).packages;
  const installed = readJson(INSTALLED_LOCK).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    // Keys outside node_modules are the workspaces themselves.
    if (!path.startsWith("node_modules/")) return true;
    const present = installed[path];
    if (present !== undefined && !existsSync(at(path))) return false;
    if (present === undefined) return entry.optional === true && isForOtherPlatform(entry);
    return present.version === entry.version && present.integrity === entry.integrity;
  });
}

/** Entries of no platform are the parts of WebAssembly builds, which npm leaves out here too. */
function isForOtherPlatform({ os, cpu, libc }) {
  if (os === undefined && cpu === undefined) return true;
  const allows = (list, value) => list === undefined || [list].flat().includes(value);
  return (
    !allows(os, process.platform) || !allows(cpu, process.arch) || [libc].flat().includes("musl")
  );
}

async function install() {
  const endProgress = startProgress("installing dependencies");
  // The explicit kinds win over NODE_ENV=production and npm_config_omit; `error` mutes EBADENGINE,
  // which npm says of every package that the Node about to be installed will run.
  const args = ["ci", "--include=dev", "--include=optional", "--loglevel=error"];
  const { code, output } = await npm(args);
  const seconds = endProgress();
  if (code !== 0) {
    throw new TaskError(
      `Installing the dependencies failed: npm ci ended with ${code}.\n` +
        `${firstLines(output)}\n` +
        `What to do: ${adviceFor(output)}`,
    );
  }
  say(`installed dependencies in ${seconds.toFixed(0)} s`);
}

function adviceFor(output) {
  return output.includes("code EUSAGE")
    ? 'package.json was changed without its lock file: run "npm install", then "npm run check -- lock-file".'
    : "see that this machine reaches the npm registry (proxy, VPN, `npm ping`) and that the disk " +
        'has 1 GB free, then run "npm ci" to see the whole error.';
}

async function runAllowedInstallScripts() {
  const names = listInstallScripts(readJson(at("package-lock.json")))
    .filter(({ name, path }) => allowedInstallScript(name)?.rebuild && existsSync(at(path)))
    .map(({ name }) => name);
  if (names.length === 0) return;
  const args = ["rebuild", "--ignore-scripts=false", "--loglevel=error", ...names];
  const { code, output } = await npm(args);
  if (code !== 0) {
    throw new TaskError(
      `The install script of ${names.join(", ")} failed (npm ${args.join(" ")} ended with ` +
        `${code}).\n${firstLines(output)}`,
    );
  }
}

function npm(args) {
  const options = { cwd: at() };
  const script = process.env.npm_execpath;
  return script?.endsWith("npm-cli.js")
    ? runCaptured(process.execPath, [script, ...args], options)
    : runCaptured("npm", args, { ...options, shell: process.platform === "win32" });
}

function firstLines(text) {
  return text.trim().split("\n").slice(0, FAILURE_LINES).join("\n");
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const message = `${path} is not valid JSON (an unresolved merge?): ${cause.message}`;
    throw new TaskError(message, { cause });
  }
}
