/**
 * Which regular expressions may be run on answers. The engine backtracks, so a bound on the input is
 * not enough: `(a+)+$` needs 2^n steps on n characters. Time is exponential only where something that
 * is repeated contains a repetition of varying length or a choice, or where a back-reference stands;
 * these are refused. What is left is polynomial in the length of the answer, with the number of
 * open-ended repetitions plus one (for where the match starts) as its degree; so that number is
 * bounded, and the length of the answers falls as it grows.
 */
const MAX_PATTERN_CHARS = 500;

/** By the number of open-ended repetitions; each row is about 1e9 steps at the very worst. */
const MAX_INPUT_CHARS: readonly number[] = [20_000, 20_000, 2_000, 500];

/** `(a|b){3}` unrolls to little, `(a|b){30}` does not. */
const MAX_REPEATED_CHOICE = 3;
/** A repetition up to this often costs like so many characters, above like an open-ended one. */
const MAX_SMALL_REPEAT = 10;

export type PatternOutcome =
  | { readonly kind: "pattern"; readonly maxInputChars: number }
  | { readonly kind: "problem"; readonly message: string };

/** Whether a pattern may be used, and on answers up to which length. */
export function assessPattern(pattern: string, flags: string): PatternOutcome {
  if (pattern.length > MAX_PATTERN_CHARS) {
    const message = `The pattern has ${pattern.length} characters, wanted at most ${MAX_PATTERN_CHARS}.`;
    return { kind: "problem", message };
  }
  let source: string;
  try {
    source = new RegExp(pattern, flags).source;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "problem", message: `The pattern is not a regular expression: ${why}.` };
  }
  return assessShape(source);
}

type Group = { isVarying: boolean; hasChoice: boolean };

function assessShape(pattern: string): PatternOutcome {
  const groups: Group[] = [];
  let group: Group = { isVarying: false, hasChoice: false };
  let closed: Group | null = null;
  let openEnded = 0;
  for (const token of tokensOf(pattern)) {
    const repeated: Group | null = closed;
    closed = null;
    if (/^\\(?:[1-9]|k)/.test(token)) {
      return { kind: "problem", message: "Back-references are not supported." };
    } else if (token === "(") {
      groups.push(group);
      group = { isVarying: false, hasChoice: false };
    } else if (token === ")") {
      closed = group;
      const parent: Group = groups.pop() ?? { isVarying: false, hasChoice: false };
      parent.isVarying ||= closed.isVarying;
      parent.hasChoice ||= closed.hasChoice;
      group = parent;
    } else if (token === "|") {
      group.hasChoice = true;
    } else if (isRepeat(token)) {
      const { most, isExact } = repeatOf(token);
      if (repeated !== null && isRisky(repeated, most)) return refusal(token);
      if (!isExact && most > MAX_SMALL_REPEAT) openEnded += 1;
      group.isVarying ||= !isExact || repeated?.hasChoice === true;
    }
  }
  const maxInputChars = MAX_INPUT_CHARS[openEnded];
  if (maxInputChars !== undefined) return { kind: "pattern", maxInputChars };
  const message = `The pattern has ${openEnded} open-ended repetitions, wanted at most ${MAX_INPUT_CHARS.length - 1}.`;
  return { kind: "problem", message };
}

function isRisky(repeated: Group, most: number): boolean {
  return (repeated.isVarying && most > 1) || (repeated.hasChoice && most > MAX_REPEATED_CHOICE);
}

const refusal = (token: string): PatternOutcome => ({
  kind: "problem",
  message: `"${token}" repeats a group that itself repeats or chooses, which may take exponential time. Wanted a flat pattern, for example a character class.`,
});

/** Escapes and character classes are one token each, so that what stands in them has no meaning. */
function tokensOf(pattern: string): string[] {
  return pattern.match(/\\.|\[(?:\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[^]/gu) ?? [];
}

const isRepeat = (token: string): boolean => /^(?:[*+?]|\{\d.*)$/.test(token);

function repeatOf(token: string): { most: number; isExact: boolean } {
  if (token === "*" || token === "+") return { most: Infinity, isExact: false };
  if (token === "?") return { most: 1, isExact: false };
  const [, least = "0", comma, most = ""] = /^\{(\d+)(,)?(\d*)\}$/.exec(token) ?? [];
  if (comma === undefined) return { most: Number(least), isExact: true };
  return { most: most === "" ? Infinity : Number(most), isExact: most === least };
}
