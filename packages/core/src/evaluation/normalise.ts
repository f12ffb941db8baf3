/** How two texts are made comparable before they are matched. */
export type Normalisation = {
  readonly ignoreCase: boolean;
  readonly ignorePunctuation: boolean;
};

/** Where an answer stands inside of a longer text. */
export type Bracketing = "[]" | "boxed";

/**
 * Compatibility forms are folded (NFKC) and white space becomes single blanks. When punctuation is
 * ignored each mark becomes a blank, except what changes a value: a "." or "," between two digits, a
 * "-" before a digit, and "%". Apostrophes vanish, so that "patient's" stays one word. Symbols such
 * as "$", "+" and "<" are kept.
 */
export function normalise(text: string, how: Normalisation): string {
  const folded = text.normalize("NFKC").replaceAll("\u2212", "-");
  const cased = how.ignoreCase ? folded.toLowerCase() : folded;
  return (how.ignorePunctuation ? withoutPunctuation(cased) : cased).trim().replace(/\s+/gu, " ");
}

function withoutPunctuation(text: string): string {
  return text
    .replace(/['\u2018\u2019]/gu, "")
    .replace(/\p{P}/gu, (mark: string, at: number, whole: string) => {
      const isBeforeDigit = isDigit(whole[at + 1]);
      const keepsValue =
        mark === "%" ||
        ((mark === "." || mark === ",") && isBeforeDigit && isDigit(whole[at - 1])) ||
        (mark === "-" && isBeforeDigit && !/[\p{L}\p{N}]/u.test(whole[at - 1] ?? ""));
      return keepsValue ? mark : " ";
    });
}

const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= "0" && character <= "9";

/**
 * The last bracketed answer of a text, trimmed, or null: `[Yes]` for "[]", `\boxed{3}` for "boxed".
 * The last one, because models think aloud first and conclude afterwards.
 *
 * - "[]": the last pair of square brackets with text and without brackets in it.
 * - "boxed": up to the brace that balances; `\text{...}` or `\mathrm{...}` around all of it is taken
 *   off. An unbalanced box counts as absent.
 */
export function lastBracketed(text: string, how: Bracketing): string | null {
  return how === "[]" ? lastSquare(text) : lastBoxed(text);
}

function lastSquare(text: string): string | null {
  const inner = [...text.matchAll(/\[([^[\]]*)\]/gu)].map((match) => (match[1] ?? "").trim());
  return inner.findLast((answer) => answer !== "") ?? null;
}

function lastBoxed(text: string): string | null {
  const marker = "\\boxed{";
  for (let at = text.lastIndexOf(marker); at >= 0; at = text.lastIndexOf(marker, at - 1)) {
    const start = at + marker.length;
    const end = balancedEnd(text, start);
    const inner = end === null ? "" : text.slice(start, end).trim();
    if (inner !== "") return /^\\(?:text|mathrm)\{([^{}]*)\}$/.exec(inner)?.[1]?.trim() ?? inner;
    if (at === 0) return null;
  }
  return null;
}

/** Boxes are short; the bound keeps many unclosed ones from costing the square of the length. */
const MAX_BOX_CHARS = 2_000;

function balancedEnd(text: string, start: number): number | null {
  let depth = 1;
  const limit = Math.min(text.length, start + MAX_BOX_CHARS);
  for (let at = start; at < limit; at++) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth === 0) return at;
  }
  return null;
}
