const MAX_CHARS = 60;

/**
 * A value that was found, short enough for a sentence: "Found 7, wanted ...". Never throws, also not on
 * what JSON cannot hold, because it is used on values that turned out not to be what they should be.
 */
export function shown(found: unknown): string {
  if (found === undefined) return "nothing";
  if (Array.isArray(found)) return `a list of ${found.length}`;
  if (typeof found === "object" && found !== null) {
    const keys = Object.keys(found);
    return keys.length === 0 ? "an empty object" : `an object with ${cut(keys.join(", "))}`;
  }
  if (typeof found === "string") return cut(JSON.stringify(found));
  if (typeof found === "function") return "a function";
  return typeof found === "symbol" ? cut(found.toString()) : cut(`${found as number}`);
}

const cut = (text: string): string =>
  text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS - 3)}...` : text;
