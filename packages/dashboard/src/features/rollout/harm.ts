import type { ComparisonKind } from "@spillway/sdk";

/** A criterion's harm on a scale. The numbers come from the gate; nothing is judged here. */

/** Where "no harm" lies on the scale of this comparison; null where there is no such place. */
export function zeroOf(kind: ComparisonKind): number | null {
  if (kind === "ratio") return 1;
  return kind === "relative" || kind === "difference" ? 0 : null;
}
