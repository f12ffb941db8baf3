/**
 * Metrics that only exist where a person has used the answer: nobody edits a shadow copy, and what people
 * say comes later than the answer. Everything else is measured on the answer itself, at once and in shadow too.
 */
const FEEDBACK_METRICS: ReadonlySet<string> = new Set(["edit_rate", "correction_rate"]);

export function isFromPeople(metric: string): boolean {
  return FEEDBACK_METRICS.has(metric);
}
