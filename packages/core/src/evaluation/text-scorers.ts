import { shown } from "../shown.ts";
import type { Normalisation } from "./normalise.ts";
import { normalise } from "./normalise.ts";
import type { ScorerFactory } from "./scorer.ts";
import { notScored, passed, scorerOf } from "./scorer.ts";
import { readSettings } from "./settings.ts";

/** 1 when the length lies within `minChars`, `maxChars`, `minWords`, `maxWords`; at least one is set. */
export const lengthBounds: ScorerFactory = (config) => {
  const settings = readSettings(config);
  const bounds = ["Chars", "Words"].map((unit) => {
    const min = settings.wholeNumber(`min${unit}`, 0);
    const max = settings.wholeNumber(`max${unit}`, 0);
    if (min !== null && max !== null && min > max) {
      settings.refuse(`min${unit}`, `Found ${min}, wanted at most max${unit}, which is ${max}.`);
    }
    return { min, max, noun: unit === "Chars" ? "characters" : "words" };
  });
  if (settings.problems().length === 0 && bounds.every((b) => b.min === null && b.max === null)) {
    settings.refuse(
      "maxChars",
      "No bound is set, wanted minChars, maxChars, minWords or maxWords.",
    );
  }
  return scorerOf(config, {
    problems: settings.problems(),
    judge: (output) => {
      const words = output.trim() === "" ? 0 : output.trim().split(/\s+/u).length;
      const outside = bounds.flatMap(({ min, max, noun }) => {
        const found = noun === "words" ? words : output.length;
        if (min !== null && found < min) return [`${found} ${noun}, wanted at least ${min}`];
        return max !== null && found > max ? [`${found} ${noun}, wanted at most ${max}`] : [];
      });
      return passed(outside.length === 0, `The answer has ${outside.join("; ")}.`);
    },
  });
};

/**
 * Whether something was said that must not be. The value is the event itself: 1 when one of `strings`
 * is found, so that the metric is a rate to be kept low, as a zero-tolerance criterion counts it;
 * `scoreWhenFound: 0` turns it round. `ignoreCase` (true) and `wholeWords` (false) say what counts.
 * Answers that broke off are judged too: what was sent was read.
 */
export const forbiddenStrings: ScorerFactory = (config) => {
  const settings = readSettings(config);
  const strings = settings.texts("strings");
  const ignoreCase = settings.flag("ignoreCase", true);
  const wholeWords = settings.flag("wholeWords", false);
  const scoreWhenFound = settings.choice("scoreWhenFound", [1, 0] as const, 1);
  const how: Normalisation = { ignoreCase, ignorePunctuation: wholeWords };
  const wanted = strings.map((string) => ({ string, normal: normalise(string, how) }));
  wanted.forEach(({ string, normal }, index) => {
    if (normal === "") {
      settings.refuse(`strings[${index}]`, `Found ${shown(string)}, wanted at least one word.`);
    }
  });
  return scorerOf(config, {
    problems: settings.problems(),
    judgesPartial: true,
    judge: (output) => {
      const normal = normalise(output, how);
      const found = wanted.filter((entry) =>
        wholeWords ? containsWords(normal, entry.normal) : normal.includes(entry.normal),
      );
      if (found.length === 0) return { value: 1 - scoreWhenFound, note: null };
      const list = found.slice(0, 5).map((entry) => shown(entry.string));
      return { value: scoreWhenFound, note: `Found ${list.join(", ")}.` };
    },
  });
};

const FACT_MATCHING: Normalisation = { ignoreCase: true, ignorePunctuation: true };

/**
 * The fraction of the case's facts that the answer contains, in [0, 1]. A fact is there when one of
 * its accepted wordings is, as whole words after normalising (normalise.ts), so "5 mg" is not found in
 * "15 mg" or "5 mgs". Meaning is not understood: "no fever" contains "fever", so a fact is to be
 * worded with what must stand beside it. The note lists what is missing by its first wording.
 */
export const requiredFacts: ScorerFactory = (config) =>
  scorerOf(config, {
    problems: readSettings(config).problems(),
    judge: (output, { datasetCase }) => {
      const facts = (datasetCase?.facts ?? []).filter((wordings) =>
        wordings.some((wording) => normalise(wording, FACT_MATCHING) !== ""),
      );
      if (facts.length === 0) return notScored("There are no facts for this input.");
      const normal = normalise(output, FACT_MATCHING);
      const missing = facts.filter(
        (wordings) =>
          !wordings.some((wording) => containsWords(normal, normalise(wording, FACT_MATCHING))),
      );
      const value = (facts.length - missing.length) / facts.length;
      if (missing.length === 0) return { value, note: null };
      const list = missing.slice(0, 10).map((wordings) => shown(wordings[0]));
      const more = missing.length > list.length ? ` and ${missing.length - list.length} more` : "";
      return { value, note: `Missing: ${list.join(", ")}${more}.` };
    },
  });

/** Scripts that are written without blanks between words have no word boundaries to respect. */
const WITHOUT_BLANKS = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u;

/** Both normalised, so that one blank stands between words. */
function containsWords(text: string, words: string): boolean {
  if (words === "") return false;
  if (WITHOUT_BLANKS.test(words)) return text.includes(words);
  return ` ${text} `.includes(` ${words} `);
}
