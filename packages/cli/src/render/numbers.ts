/** 1000 -> "10%", 12 -> "0.12%". */
export function percentOfBps(bps: number): string {
  return `${Number((bps / 100).toFixed(2))}%`;
}

/** 12345 -> "12,345"; the same in every locale, because output is compared. */
export function count(amount: number): string {
  return amount.toLocaleString("en-US");
}

/** Four significant digits, so that columns can be compared by eye. */
export function decimal(amount: number | null): string {
  if (amount === null) return "-";
  if (Number.isInteger(amount)) return count(amount);
  return String(Number(amount.toPrecision(4)));
}

/** 2026-11-12 14:03:00 in UTC: what a colleague in another place sees too. */
export function utcTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}
