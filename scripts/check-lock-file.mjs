// Fails when package-lock.json lacks an optional dependency; with --write, adds what it can.
import { readFileSync, writeFileSync } from "node:fs";
import { findMissingEntries } from "./lock-file.mjs";
import { at } from "./workspace.mjs";

const path = at("package-lock.json");
const lock = JSON.parse(readFileSync(path, "utf8"));
if (process.argv.includes("--write")) addEntries(findMissingEntries(lock));
const missing = findMissingEntries(lock);
for (const { path: key, parent } of missing) {
  console.error(`${key} has no entry, "npm ci" will refuse it (asked for by "${parent}")`);
}
if (missing.length > 0) console.error("To add them: node scripts/check-lock-file.mjs --write");
console.log(`${Object.keys(lock.packages).length} entries, ${missing.length} missing`);
process.exitCode = missing.length === 0 ? 0 : 1;

function addEntries(entries) {
  for (const { path: key, entry } of entries) {
    if (entry !== null) lock.packages[key] = entry;
  }
  const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, "en"));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
