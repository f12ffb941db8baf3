/** Nobody nests data this deep; the parsers and writers behind this recurse. */
export const JSON_DEPTH_MAX = 100;

/** Iterative, because that is the point: deeply nested data must not end the process. */
export function isNestedTooDeep(root: unknown): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > JSON_DEPTH_MAX) return true;
    level = level.flatMap((found) =>
      typeof found === "object" && found !== null ? (Object.values(found) as unknown[]) : [],
    );
  }
  return false;
}
