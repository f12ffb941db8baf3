// Where things are, and how the scripts speak. Plain JavaScript for Node 20, no dependencies.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root directory. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Something the person at the terminal must mend: shown as its message, without a stack. */
export class TaskError extends Error {}

/** The scripts' own words go to stderr: stdout belongs to the task (`--json`, `npm run -s`). */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Path of a file of the repository. */
export function at(...segments) {
  return join(ROOT, ...segments);
}

/** Says every few seconds that `title` is still going on. Returns the function that ends it. */
export function startProgress(title, everyMs = 3000) {
  const startedAt = Date.now();
  say(`${title}...`);
  const timer = setInterval(() => {
    say(`${title}... ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }, everyMs);
  return () => {
    clearInterval(timer);
    return (Date.now() - startedAt) / 1000;
  };
}
