/** The shares of a strategy file, read and written. */

/** "10%" -> 1000, "0.01%" -> 1; null when it is no share of 0% to 100% in steps of 0.01%. */
export function parseShareBps(text: string): number | null {
  const match = /^(\d{1,3})(?:\.(\d{1,2}))?\s?%$/.exec(text.trim());
  if (match === null) return null;
  const bps = Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
  return bps <= 10_000 ? bps : null;
}
