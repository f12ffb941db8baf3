import { isRecord } from "./manifest-items.ts";
import type { PathInDocument } from "./yaml-documents.ts";

/**
 * `share: [25%, 50%]` is written as one stage and is two for the rules of strategies, which count those:
 * their stages[2] is stages[1].share[1] of a file that begins with one other stage. What cannot be read at
 * all is named as it is written, and says "Found ..., wanted ..." in one sentence; rules never do.
 *
 * The path as it is written; the same one where that makes no difference.
 */
export function writtenStagePath(
  strategy: unknown,
  path: PathInDocument,
  message: string,
): PathInDocument {
  const [list, index, ...rest] = path;
  const stages = isRecord(strategy) ? strategy["stages"] : undefined;
  if (list !== "stages" || typeof index !== "number" || !Array.isArray(stages)) return path;
  if (UNREADABLE.test(message)) return path;
  const written = stages.flatMap((stage: unknown, at): PathInDocument[] => {
    const shares = isRecord(stage) ? stage["share"] : undefined;
    if (!Array.isArray(shares)) return [["stages", at, ...rest]];
    // The share is what tells the stages of a list apart; all else is written once for all of them.
    const isOfOne = rest.length === 0 || rest[0] === "share" || rest[0] === "name";
    return shares.map((_, place) =>
      isOfOne ? ["stages", at, "share", place] : ["stages", at, ...rest],
    );
  });
  const found = written[index];
  return found === undefined || pathText(found) === pathText(path) ? path : found;
}

const UNREADABLE = /^Found [^]*, wanted /;

/** stages[1].share[2] */
export function pathText(path: PathInDocument): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${part}`,
    )
    .join("");
}
