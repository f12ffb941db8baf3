/** "; did you mean this?" for a word that is at most two letters off one of the known; else nothing. */
export function nearest(found: string, known: readonly string[]): string {
  const best = known
    .map((word) => ({ word, distance: editDistance(found, word) }))
    .toSorted((a, b) => a.distance - b.distance)[0];
  if (best === undefined || best.distance > 2 || best.distance >= best.word.length) return "";
  return `; did you mean "${best.word}"?`;
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(from).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(to).entries()) {
      const substituted = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
