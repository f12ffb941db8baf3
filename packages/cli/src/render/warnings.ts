import { count } from "./numbers.ts";

/** What a strategy's plan warns of; a sentence that is none of these is a kind of its own. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/ cannot be decided/, "cannot be decided at this traffic"],
  [/ is never seen there/, "are never seen in a stage"],
  [/ cannot be judged/, "cannot be judged"],
];

const SHOWN = 2;

/**
 * Warnings as lines: up to two of a kind as they are, of more the first two below their number. Ten long
 * sentences would push what comes after them, such as what will be replaced, out of sight.
 *
 * @param all What shows each of them.
 */
export function warningLines(warnings: readonly string[], all: string): string[] {
  const kindOf = (warning: string): string =>
    KINDS.find(([pattern]) => pattern.test(warning))?.[1] ?? warning;
  const lines = [...Map.groupBy(warnings, kindOf)].flatMap(([kind, of]) => {
    if (of.length <= SHOWN) return of.map((warning) => `warning: ${warning}`);
    const first = of.slice(0, SHOWN).map((warning) => `  ${warning}`);
    const rest = `  and ${count(of.length - SHOWN)} more`;
    return [`warning: ${count(of.length)} checks ${kind}:`, ...first, rest];
  });
  const isShort = lines.every((line) => line.startsWith("warning: ") && !line.endsWith(":"));
  return isShort ? lines : [...lines, `Each of them: ${all}.`];
}
