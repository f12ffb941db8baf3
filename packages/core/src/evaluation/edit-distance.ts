/** Cells of the table that is filled: a tenth of a second, once for a text of 2,000 changed words. */
const MOST_CELLS = 4_000_000;

/**
 * How much of an answer was changed before it was used: the word-level Levenshtein distance over the length
 * of the longer text, 0 (the same words) to 1 (no word kept). White space is no change, all else is.
 *
 * Texts of which thousands of words were changed are compared as bags of words, which says at most as much:
 * a bound on the work of one feedback.
 */
export function editDistance(before: string, after: string): number {
  const [written, used] = [wordsOf(before), wordsOf(after)];
  const longer = Math.max(written.length, used.length);
  if (longer === 0) return 0;
  const [left, right] = withoutSameEnds(written, used);
  const isTooLong = left.length * right.length > MOST_CELLS;
  return (isTooLong ? bagDistance(left, right) : levenshtein(left, right)) / longer;
}

type Words = readonly string[];

const wordsOf = (text: string): Words => text.split(/\s+/u).filter((word) => word !== "");

/** Most edits are few and local, so that what is left of a long text is short. */
function withoutSameEnds(left: Words, right: Words): readonly [Words, Words] {
  const shorter = Math.min(left.length, right.length);
  let start = 0;
  while (start < shorter && left[start] === right[start]) start += 1;
  let end = 0;
  while (end < shorter - start && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  return [left.slice(start, left.length - end), right.slice(start, right.length - end)];
}

/** Wagner and Fischer 1974, one row at a time. */
function levenshtein(left: Words, right: Words): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, word] of left.entries()) {
    const next = [index + 1];
    for (let at = 1; at <= right.length; at++) {
      const replaced = (row[at - 1] as number) + (word === right[at - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[at] as number) + 1, (next[at - 1] as number) + 1));
    }
    row = next;
  }
  return row.at(-1) as number;
}

function bagDistance(left: Words, right: Words): number {
  const counts = new Map<string, number>();
  for (const word of left) counts.set(word, (counts.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of right) {
    const count = counts.get(word) ?? 0;
    if (count === 0) continue;
    counts.set(word, count - 1);
    common += 1;
  }
  return Math.max(left.length, right.length) - common;
}
