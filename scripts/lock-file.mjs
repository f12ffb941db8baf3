// Is package-lock.json complete for every platform, not only for the one that wrote it?
//
// npm leaves an optional dependency out of the lock file when it could not read the package's
// metadata (an incomplete mirror), or when node_modules of one platform was already there
// (npm/cli#4828). `npm ci` then refuses: "Missing: <package>@ from lock file". So each optional
// dependency gets an entry: the exact version that its parent asks for, and the platform that its
// name says. Such an entry has no integrity hash, because there was nothing to take it from; npm
// adds one when it next writes the lock file with the metadata at hand.
const OPERATING_SYSTEMS = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const PROCESSORS = [
  "arm",
  "arm64",
  "ia32",
  "loong64",
  "ppc64",
  "riscv64",
  "s390x",
  "wasm32",
  "x64",
];

/**
 * Optional dependencies that have no entry in a lock file, with the entry that each should have.
 *
 * @param {{ packages: Record<string, any> }} lock
 * @returns {readonly { path: string, parent: string, entry: object | null }[]} `entry` is null when
 *   the version is a range or the name says no platform: then npm has to write it
 */
export function findMissingEntries(lock) {
  const missing = new Map();
  for (const [parent, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (isLocked(lock, parent, name)) continue;
      const path = `node_modules/${name}`;
      missing.set(path, { path, parent, entry: describeEntry(name, version, dev === true) });
    }
  }
  return [...missing.values()];
}

/** Whether `name`, asked for by the package at `parent`, is found as Node would find it. */
function isLocked(lock, parent, name) {
  for (let base = parent; ; base = base.slice(0, Math.max(0, base.lastIndexOf("/node_modules/")))) {
    if (lock.packages[base === "" ? `node_modules/${name}` : `${base}/node_modules/${name}`]) {
      return true;
    }
    if (base === "") return false;
  }
}

function describeEntry(name, version, dev) {
  const last = name.split("/").at(-1) ?? "";
  const words = last.split("-").map((word) => (word === "win" ? "win32" : word));
  const os = OPERATING_SYSTEMS.filter((word) => words.includes(word));
  const cpu = PROCESSORS.filter((word) => words.includes(word));
  const isExact = /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version);
  if (!isExact || cpu.length !== 1) return null;
  if (os.length !== (cpu[0] === "wasm32" ? 0 : 1)) return null;
  const libc = words.some((word) => word.startsWith("musl")) ? { libc: ["musl"] } : {};
  return {
    version,
    cpu,
    ...(dev ? { dev } : {}),
    ...libc,
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  };
}
