import type { ComparisonKind } from "@spillway/sdk";

/** A criterion's harm on a scale, and its odds. The numbers come from the gate; nothing is judged here. */

/** Where "no harm" lies on the scale of this comparison; null where there is no such place. */
export function zeroOf(kind: ComparisonKind): number | null {
  if (kind === "ratio") return 1;
  return kind === "relative" || kind === "difference" ? 0 : null;
}

/** "20 to 1" from the logarithm of an e-value. */
export function oddsInWords(logOdds: number): string {
  if (logOdds > Math.log(1e6)) return "over 1,000,000 to 1";
  if (logOdds < Math.log(0.01)) return "under 0.01 to 1";
  const odds = Math.exp(logOdds);
  const shown =
    odds >= 10 ? Math.round(odds).toLocaleString("en-US") : trimmed(odds, odds < 1 ? 2 : 1);
  return `${shown} to 1`;
}

const trimmed = (amount: number, digits: number): string => String(Number(amount.toFixed(digits)));
