// Fails when a package with an install script is in the lock file and not on the allow-list.
import { readFileSync } from "node:fs";
import { allowedInstallScript, listInstallScripts } from "./install-scripts.mjs";
import { at } from "./workspace.mjs";

const found = listInstallScripts(JSON.parse(readFileSync(at("package-lock.json"), "utf8")));
const newcomers = found.filter(({ name }) => allowedInstallScript(name) === undefined);
for (const { name, path } of newcomers) {
  console.error(
    `${name} (${path}) has an install script and is not allowed to. ` +
      "Read the script; prefer a package without one, or list it in scripts/install-scripts.mjs.",
  );
}
console.log(`${found.length} packages with an install script, ${newcomers.length} not allowed`);
process.exitCode = newcomers.length === 0 ? 0 : 1;
