import type { Feedback } from "../exchange/feedback.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { editDistance } from "./edit-distance.ts";

/** Metrics read `corrected.amount`: whether the field "amount" was reported as wrong. */
const FIELD_PREFIX = "corrected.";

/**
 * The numbers of a feedback by source name, as those of an answer's scores.
 *
 * | said                | edit_rate   | edit_distance  | correction_rate, corrected.<field> |
 * | ------------------- | ----------- | -------------- | ---------------------------------- |
 * | accepted            | 0           | 0              | 0                                  |
 * | edited              | words moved | as it was      | nothing                            |
 * | corrected           | nothing     | nothing        | 1, or 0 where nothing was wrong    |
 *
 * @param output The stored answer; null when none was: then a text says that there was an edit, and not how far.
 * @param fields Fields whose corrections some metric counts.
 */
export function numbersOfFeedback(
  feedback: Feedback,
  { output, fields }: { readonly output: string | null; readonly fields: readonly string[] },
): Readonly<Record<string, number>> {
  const { rating } = feedback;
  return {
    ...valuesOf(feedback),
    ...(rating === null ? {} : { rating }),
    ...editNumbers(feedback, output),
    ...correctionNumbers(feedback, fields),
  };
}

/** The field of a source such as `corrected.amount`; null for any other. */
export function correctedField(source: string): string | null {
  return source.startsWith(FIELD_PREFIX) ? source.slice(FIELD_PREFIX.length) : null;
}

/** Names that a business value may not have, since their numbers come from elsewhere. */
export const RESERVED_VALUE_NAMES: ReadonlySet<string> = new Set([
  ...METRIC_CATALOGUE.flatMap(({ name, source }) => [
    name,
    ...(source === undefined ? [] : [source]),
  ]),
  "rating",
]);

function valuesOf({ values }: Feedback): Record<string, number> {
  const own = Object.entries(values).filter(([name]) => !RESERVED_VALUE_NAMES.has(name));
  return Object.fromEntries(own);
}

function editNumbers({ isAccepted, edit }: Feedback, output: string | null) {
  if (edit === null) return isAccepted ? { edit_rate: 0, edit_distance: 0 } : {};
  if (edit.kind === "text" && output === null) return { edit_rate: 1 };
  const distance = edit.kind === "text" ? editDistance(output ?? "", edit.text) : edit.distance;
  return { edit_rate: distance > 0 ? 1 : 0, edit_distance: distance };
}

function correctionNumbers(
  { isAccepted, correction }: Feedback,
  fields: readonly string[],
): Record<string, number> {
  if (correction === null && !isAccepted) return {};
  const { isWrong, fields: wrong } = correction ?? { isWrong: false, fields: [] };
  // Wrong without a word on where: nothing is known of any single field.
  const known = isWrong && wrong.length === 0 ? [] : fields;
  return {
    correction_rate: isWrong ? 1 : 0,
    ...Object.fromEntries(
      known.map((field) => [`${FIELD_PREFIX}${field}`, wrong.includes(field) ? 1 : 0]),
    ),
  };
}
