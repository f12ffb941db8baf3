import type { PatternOutcome } from "@spillway/core";
import { RE2JS } from "re2js";

/** Longer patterns are mistakes; they are refused before they are parsed. */
const MAX_PATTERN_CHARS = 500;
/** `a{1000}` is short and compiles to a thousand steps; each may be taken for every character. */
const MAX_PATTERN_STEPS = 1_000;

const ENGINE_FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
  // The engine always reads whole code points.
  u: 0,
};

export type CompiledPattern =
  | (Extract<PatternOutcome, { kind: "pattern" }> & { readonly steps: number })
  | Extract<PatternOutcome, { kind: "problem" }>;

/**
 * Patterns that people write run in RE2, whose time is at most steps times characters whatever the
 * pattern and the text are. The built-in engine backtracks: `(a|aa)` two dozen times over takes it
 * half a minute on 48 characters, and no check of a pattern's shape finds all of its kind.
 */
export function compilePattern(pattern: string, flags: string): CompiledPattern {
  if (pattern.length > MAX_PATTERN_CHARS) {
    const message = `The pattern has ${pattern.length} characters, wanted at most ${MAX_PATTERN_CHARS}.`;
    return { kind: "problem", message };
  }
  let compiled: RE2JS;
  try {
    const bits = flags.split("").reduce((sum, flag) => sum | (ENGINE_FLAGS[flag] ?? 0), 0);
    compiled = RE2JS.compile(RE2JS.translateRegExp(pattern), bits);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `The pattern "${pattern}" is not one that RE2 knows (it has no back-references and no look-around): ${why}.`;
    return { kind: "problem", message };
  }
  const steps = compiled.programSize();
  if (steps > MAX_PATTERN_STEPS) {
    const message = `The pattern compiles to ${steps} steps, wanted at most ${MAX_PATTERN_STEPS}. Write shorter repetitions.`;
    return { kind: "problem", message };
  }
  return { kind: "pattern", steps, isFoundIn: (text) => compiled.test(text) };
}
