// Who may import whom. The table is the architecture; docs/decisions/0003-package-layout.md says why.
//
// A file belongs to one zone: a package, and for the server and the dashboard a part of it (its first
// path segment under src). A zone lists the zones it may import. What is not listed is forbidden, and
// so is a part that the table does not know: a new folder is a decision, made here.

/** Packages of the workspace that each package may import, and which others it may use. */
const PACKAGES = {
  core: { workspace: [], external: () => false },
  contract: { workspace: [], external: (name) => name === "zod" },
  sdk: { workspace: ["contract"], external: (name) => name.startsWith("@openfeature/") },
  // The server is reached from one file only: see CLI_LOCAL_SERVER.
  cli: { workspace: ["sdk", "contract", "server"], external: () => true },
  dashboard: { workspace: ["sdk", "contract"], external: (name) => !name.startsWith("node:") },
  server: { workspace: ["core", "contract"], external: () => true },
  testkit: {
    workspace: ["core", "contract", "server", "sdk", "cli", "dashboard"],
    external: () => true,
  },
  // What is measured is the product's own code, through its door; the rest is the comparators.
  // The strategies that come with the product are YAML, and are measured as they are.
  bench: {
    workspace: ["core", "testkit"],
    external: (name) => name.startsWith("node:") || name === "yaml",
  },
};

const CLI_LOCAL_SERVER = "packages/cli/src/local-server.ts";

const PLANE = ["core", "ports", "http", "telemetry", "config"];
const ADAPTER = ["core", "ports", "telemetry"];
const ADAPTERS = ["store", "providers", "stream", "notify"];
const PLANES = ["gateway", "control", "reconcile", "evaluate", "schedule"];
const EDGE = ["core", "ports", "telemetry", "config", "contract"];

/** Parts of packages/server/src. "core" and "contract" stand for the packages. */
const SERVER_PARTS = {
  ports: ["core"],
  config: ["core", "ports"],
  telemetry: ["core", "ports", "config"],
  http: EDGE,
  gateway: PLANE,
  control: [...PLANE, "contract"],
  reconcile: PLANE,
  evaluate: PLANE,
  schedule: PLANE,
  store: ADAPTER,
  providers: ADAPTER,
  stream: ADAPTER,
  notify: ADAPTER,
  compose: [...EDGE, "http", "version", ...PLANES, ...ADAPTERS],
  main: ["core", "compose", "config"],
  version: [],
  // Plays recordings against an installation of its own, which only compose can build.
  backtest: ["core", "ports", "telemetry", "compose"],
  // Plans and rehearsals of a strategy file: the rules by which it is parsed come from compose.
  rehearse: ["core", "compose"],
};

/** Parts of packages/dashboard/src, from the outside in. */
const DASHBOARD_PARTS = {
  main: ["app", "ui", "zod-without-eval", "index.css"],
  app: ["features", "control", "ui"],
  // What the features share of the server's state: session, queries, live feed, clock, permissions.
  features: ["control", "ui"],
  control: ["ui", "zod-without-eval"],
  ui: [],
  "zod-without-eval": [],
  "index.css": [],
};

/**
 * @typedef {object} Zone
 * @property {string} package a package's folder name, or "bench", or "tooling" for scripts and configuration
 * @property {string} part first segment under src, without its extension
 * @property {string | null} feature the noun of packages/dashboard/src/features/<noun>
 * @property {boolean} isTest tests and what only tests use: exempt from zones, never imported by others
 */

/** @returns {Zone} */
export function zoneOf(file) {
  const match = /^packages\/([^/]+)\/(.*)$/.exec(file);
  const isTest = /\.test\.tsx?$/.test(file) || /^packages\/[^/]+\/test\//.test(file);
  if (match === null) {
    const name = file.startsWith("bench/") ? "bench" : "tooling";
    return { package: name, part: "", feature: null, isTest };
  }
  const [, name = "", rest = ""] = match;
  if (!rest.startsWith("src/") && !rest.startsWith("bin/") && !isTest) {
    return { package: "tooling", part: "", feature: null, isTest };
  }
  const [, first = "", second = ""] = rest.split("/");
  const stem = first.replace(/\.(ts|tsx|mts|mjs)$/, "");
  const part = name === "server" && stem.startsWith("compose") ? "compose" : stem;
  const feature = name === "dashboard" && part === "features" ? second : null;
  return { package: name, part, feature, isTest };
}

/**
 * Why `from` may not import `to`, both files of the repository, or null when it may.
 *
 * @param {string} from
 * @param {string} to
 * @returns {string | null}
 */
export function judgeImport(from, to) {
  const source = zoneOf(from);
  const target = zoneOf(to);
  if (target.isTest && !source.isTest) return "a test is imported by something that is not a test";
  if (source.isTest || source.package === "tooling") return null;
  if (target.package === "tooling") return `${source.package} imports a script or configuration`;
  if (target.package === "testkit" && !["testkit", "bench"].includes(source.package)) {
    return "only tests, benchmarks and scripts import testkit";
  }
  return source.package === target.package
    ? judgeWithinPackage(source, target)
    : judgeBetweenPackages(from, source, target);
}

function judgeBetweenPackages(from, source, target) {
  const rule = PACKAGES[source.package];
  if (rule === undefined) return `package "${source.package}" has no row in import-rules.mjs`;
  if (!rule.workspace.includes(target.package)) {
    return `${source.package} may import ${listed(rule.workspace)}, not ${target.package}`;
  }
  if (source.package === "cli" && target.package === "server" && from !== CLI_LOCAL_SERVER) {
    return `only ${CLI_LOCAL_SERVER} imports the server`;
  }
  return source.package === "server" ? judgePart(SERVER_PARTS, source, target.package) : null;
}

function judgeWithinPackage(source, target) {
  if (source.package === "server") return judgePart(SERVER_PARTS, source, target.part);
  if (source.package !== "dashboard") return null;
  if (source.feature !== target.feature && source.feature !== null && target.feature !== null) {
    return `feature "${source.feature}" imports feature "${target.feature}"`;
  }
  return judgePart(DASHBOARD_PARTS, source, target.part);
}

function judgePart(table, source, target) {
  const allowed = table[source.part];
  if (allowed === undefined) {
    return `${source.package}/src/${source.part} has no row in import-rules.mjs`;
  }
  if (source.part === target || allowed.includes(target)) return null;
  return `${source.package}/src/${source.part} may import ${listed(allowed)}, not ${target}`;
}

/**
 * Why `from` may not import something from outside the workspace, or null when it may.
 *
 * @param {string} from
 * @param {string} specifier "node:fs", "zod", "zod/v4"
 * @returns {string | null}
 */
export function judgeExternal(from, specifier) {
  const source = zoneOf(from);
  if (source.isTest || source.package === "tooling") return null;
  const rule = PACKAGES[source.package];
  if (rule === undefined) return `package "${source.package}" has no row in import-rules.mjs`;
  const name = packageOf(specifier);
  return rule.external(name) ? null : `${source.package} may not import ${name}`;
}

/** Whether a relative path may lead from one package into another: where the innards are the point. */
export function mayReachInto(from) {
  const { package: name, isTest } = zoneOf(from);
  return isTest || ["testkit", "bench", "tooling"].includes(name);
}

/** "@scope/name/deep" -> "@scope/name", "zod/v4" -> "zod". A built-in module keeps its prefix. */
function packageOf(specifier) {
  if (specifier.startsWith("node:")) return specifier;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function listed(names) {
  return names.length === 0 ? "nothing outside itself" : names.join(", ");
}
