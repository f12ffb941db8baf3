export type DiffLine = {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
  /** Where a removed and an added line are alike: this line's words, the changed ones marked. */
  readonly words?: readonly DiffLine[];
};

/** A run of unchanged lines that is left out, or a line. */
export type DiffRow = DiffLine | { readonly kind: "gap"; readonly lines: number };

/** Beyond this many lines a side the table of the comparison would be too large; see diffSequences. */
const MOST_CELLS = 4_000_000;

/** What changes from one text to the other, line by line: a longest common subsequence. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  return markWords(diffSequences(before.split("\n"), after.split("\n")));
}

/** In a run of removed lines followed by added ones, each pairs with the one at its place. */
function markWords(lines: readonly DiffLine[]): readonly DiffLine[] {
  const marked: DiffLine[] = [...lines];
  let start = 0;
  while (start < lines.length) {
    const removed = runLength(lines, start, "removed");
    const added = runLength(lines, start + removed, "added");
    for (let index = 0; index < Math.min(removed, added); index += 1) {
      const [left, right] = [lines[start + index], lines[start + removed + index]];
      if (left === undefined || right === undefined) continue;
      const words = diffWords(left.text, right.text);
      if (!isAlike(words)) continue;
      marked[start + index] = { ...left, words: joined(words, "added") };
      marked[start + removed + index] = {
        ...right,
        words: joined(words, "removed"),
      };
    }
    start += Math.max(1, removed + added);
  }
  return marked;
}

/** One side's words, neighbours of one kind as one piece. */
function joined(words: readonly DiffLine[], without: DiffLine["kind"]): readonly DiffLine[] {
  const pieces: DiffLine[] = [];
  for (const { kind, text } of words) {
    if (kind === without) continue;
    const last = pieces.at(-1);
    if (last?.kind === kind) pieces.splice(-1, 1, { kind, text: last.text + text });
    else pieces.push({ kind, text });
  }
  return pieces;
}

function runLength(lines: readonly DiffLine[], start: number, kind: DiffLine["kind"]): number {
  const length = lines.slice(start).findIndex((line) => line.kind !== kind);
  return length === -1 ? lines.length - start : length;
}

/** Marking single words helps only where most of the line stays. */
function isAlike(words: readonly DiffLine[]): boolean {
  const letters = (kind: DiffLine["kind"]) =>
    words.reduce((sum, word) => sum + (word.kind === kind ? word.text.trim().length : 0), 0);
  const same = letters("same");
  return same * 2 >= same + Math.max(letters("removed"), letters("added"));
}

function diffWords(before: string, after: string): readonly DiffLine[] {
  const words = (text: string) => text.match(/\s+|[^\s\p{P}]+|\p{P}/gu) ?? [];
  return diffSequences(words(before), words(after));
}

/** Unchanged runs are folded down to so many lines of context around each change. */
export function foldDiff(lines: readonly DiffLine[], context = 2): readonly DiffRow[] {
  const isNear = lines.map((_, index) =>
    lines.slice(Math.max(0, index - context), index + context + 1).some((l) => l.kind !== "same"),
  );
  const rows: DiffRow[] = [];
  let skipped = 0;
  lines.forEach((line, index) => {
    if (isNear[index] === true) {
      if (skipped > 0) rows.push({ kind: "gap", lines: skipped });
      skipped = 0;
      rows.push(line);
    } else skipped += 1;
  });
  if (skipped > 0) rows.push({ kind: "gap", lines: skipped });
  return rows;
}

function diffSequences(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  if (before.length * after.length > MOST_CELLS) {
    return [
      ...before.map((text) => ({ kind: "removed" as const, text })),
      ...after.map((text) => ({ kind: "added" as const, text })),
    ];
  }
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const left = before[i];
    const right = after[j];
    if (left !== undefined && left === right) {
      lines.push({ kind: "same", text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: "removed", text: left });
      i += 1;
    } else if (right !== undefined) {
      lines.push({ kind: "added", text: right });
      j += 1;
    }
  }
  return lines;
}
