import { sha256Hex } from "../release/sha256.ts";
import { shown } from "../shown.ts";
import type { Bracketing, Normalisation } from "./normalise.ts";
import { lastBracketed, normalise } from "./normalise.ts";
import type { ScorerFactory } from "./scorer.ts";
import { notScored, passed, scorerOf } from "./scorer.ts";
import { readSettings } from "./settings.ts";

const NO_REFERENCE = "There is no reference answer for this input.";

/** 1 when the answer is the reference, to the character; white space at the ends does not count. */
export const exactMatch: ScorerFactory = (config) =>
  scorerOf(config, {
    problems: readSettings(config).problems(),
    judge: (output, { datasetCase }) => {
      const reference = datasetCase?.reference;
      if (reference === undefined) return notScored(NO_REFERENCE);
      return passed(output.trim() === reference.trim(), "The answer differs from the reference.");
    },
  });

/**
 * 1 when answer and reference are equal after normalising (normalise.ts). Settings: `ignoreCase` and
 * `ignorePunctuation` (both true), `bracketed`: "none" (the whole answer), "[]" or "boxed" (the last
 * bracketed answer, see lastBracketed). An answer without brackets is then wrong and not unscored:
 * the prompt asked for them. A reference may stand in brackets or not.
 */
export const normalisedMatch: ScorerFactory = (config) => {
  const settings = readSettings(config);
  const how: Normalisation = {
    ignoreCase: settings.flag("ignoreCase", true),
    ignorePunctuation: settings.flag("ignorePunctuation", true),
  };
  const bracketed = settings.choice("bracketed", ["none", "[]", "boxed"] as const, "none");
  return scorerOf(config, {
    problems: settings.problems(),
    judge: (output, { datasetCase }) => {
      const reference = datasetCase?.reference;
      if (reference === undefined) return notScored(NO_REFERENCE);
      const wanted = extracted(reference, bracketed) ?? reference;
      const found = extracted(output, bracketed);
      if (found === null) return passed(false, `No answer in ${bracketed} was found.`);
      const isSame = normalise(found, how) === normalise(wanted, how);
      return passed(isSame, `Found ${shown(found)}, wanted ${shown(wanted)}.`);
    },
  });
};

function extracted(text: string, bracketed: Bracketing | "none"): string | null {
  return bracketed === "none" ? text : lastBracketed(text, bracketed);
}

/** The score that a person has given to exactly this answer; an answer nobody has judged has none. */
export const judgedAnswers: ScorerFactory = (config) =>
  scorerOf(config, {
    problems: readSettings(config).problems(),
    judge: (output, { datasetCase }) => {
      const judged = datasetCase?.judgedAnswers;
      if (judged === undefined) return notScored("There are no judged answers for this input.");
      const digest = sha256Hex(output);
      const found = Object.hasOwn(judged, digest) ? judged[digest] : undefined;
      if (found === undefined) return notScored("Nobody has judged this answer yet.");
      const isScore = Number.isFinite(found) && found >= 0 && found <= 1;
      if (!isScore) return notScored(`The judged score is ${found}, wanted 0 to 1.`);
      return { value: found, note: null };
    },
  });
