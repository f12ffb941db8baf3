// Fails on an import that the architecture forbids, on `export *`, and on a cycle.
//
// A checker that sees nothing passes everything (dependency-cruiser does, with TypeScript 7), so
// this one counts the modules it has read against a count of the source files made another way.
import { existsSync, globSync, readFileSync, readdirSync, statSync } from "node:fs";
import { checkImports } from "./import-check.mjs";
import { at } from "./workspace.mjs";

const SOURCE = /\.(ts|tsx|mts)$|^scripts\/.*\.mjs$/;
const PLACES = ["packages", "scripts", "bench", "examples"];
const SKIPPED = new Set(["node_modules", "dist", ".spillway"]);

const sources = readSources();
const hasFile = (path) => existsSync(at(path)) && statSync(at(path)).isFile();
const { modules, imports, violations } = checkImports(sources, { hasFile, exportsOf });
for (const { file, line, message } of violations) {
  console.error(line === 0 ? message : `${file}:${line}: ${message}`);
}
const seen = [...sources.keys()].filter((file) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(file));
const expected = globSync("packages/*/src/**/*.{ts,tsx}", { cwd: at() });
if (seen.length < expected.length) {
  console.error(`saw ${seen.length} of ${expected.length} source files: the check is blind`);
}
console.log(`${modules} modules, ${imports} imports, ${violations.length} violations`);
process.exitCode = violations.length > 0 || seen.length < expected.length ? 1 : 0;

function readSources() {
  const files = PLACES.filter((place) => existsSync(at(place))).flatMap(listSources);
  return new Map(files.map((file) => [file, readFileSync(at(file), "utf8")]));
}

function listSources(directory) {
  return readdirSync(at(directory), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return listSources(path);
    return SOURCE.test(path) ? [path] : [];
  });
}

function exportsOf(name) {
  const path = at("packages", name, "package.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")).exports ?? {}) : null;
}
