import type { RolloutSummary, Verdict } from "@spillway/contract";
import type { Paint } from "./paint.ts";

type Colour = (paint: Paint) => (text: string) => string;

const green: Colour = (paint) => paint.green;
const yellow: Colour = (paint) => paint.yellow;
const red: Colour = (paint) => paint.red;
const cyan: Colour = (paint) => paint.cyan;

const dim: Colour = (paint) => paint.dim;

/** The icons that Argo Rollouts taught; always with the word beside. */
const STATES: Readonly<Record<RolloutSummary["state"], readonly [string, string, Colour]>> = {
  pending: ["◷", "pending", dim],
  progressing: ["◌", "progressing", cyan],
  held: ["⚠", "held", yellow],
  paused: ["॥", "paused", yellow],
  rolled_back: ["✖", "rolled back", red],
  completed: ["✔", "complete", green],
  aborted: ["✖", "aborted", red],
};

const VERDICTS: Readonly<Record<Verdict["verdict"], readonly [string, Colour]>> = {
  pass: ["✔", green],
  hold: ["⚠", yellow],
  fail: ["✖", red],
  inconclusive: ["?", yellow],
};

export function stateBadge(
  { state, stateCode }: Pick<RolloutSummary, "state" | "stateCode">,
  paint: Paint,
): string {
  const [icon, word, colour] = STATES[state];
  const shown = state === "held" && stateCode === "undecided" ? "?" : icon;
  const why = stateCode === null ? "" : ` (${stateCode.replaceAll("_", " ")})`;
  return colour(paint)(`${shown} ${word}${why}`);
}

export function stateIcon(state: RolloutSummary["state"], paint: Paint): string {
  const [icon, , colour] = STATES[state];
  return colour(paint)(icon);
}

/** No data and errors are shown as what they are, beside what follows from them. */
export function verdictBadge(
  { verdict, evidence }: Pick<Verdict, "verdict" | "evidence">,
  paint: Paint,
): string {
  const [icon, colour] = VERDICTS[verdict];
  switch (evidence) {
    case "measured":
      return colour(paint)(`${icon} ${verdict}`);
    case "no_data":
      return colour(paint)(`${icon} ${verdict} (no data)`);
    case "error":
      return red(paint)(`⚠ ${verdict} (error)`);
    default:
      return evidence satisfies never;
  }
}

export function gateBadge(verdict: Verdict["verdict"] | null, paint: Paint): string {
  return verdict === null ? paint.dim("-") : verdictBadge({ verdict, evidence: "measured" }, paint);
}
