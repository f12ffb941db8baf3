/** The gate light: what a verdict is called and looks like, the same on every screen. */
export type Light = "pass" | "hold" | "fail" | "inconclusive" | "error" | "none";

export const LIGHT_WORD: Record<Light, string> = {
  pass: "Pass",
  hold: "Hold",
  fail: "Fail",
  inconclusive: "Inconclusive",
  error: "Error",
  none: "No verdict",
};

export function lightOf(verdict: {
  readonly verdict: Exclude<Light, "error" | "none">;
  readonly evidence: "measured" | "no_data" | "error";
}): Light {
  return verdict.evidence === "error" && verdict.verdict !== "fail" ? "error" : verdict.verdict;
}

/** Worst first; doubt before ease. */
const ORDER: readonly Light[] = ["fail", "hold", "error", "inconclusive", "none", "pass"];
export const severityOf = (light: Light): number => ORDER.indexOf(light);
