/**
 * The decimal integer in text[start, end), NaN if there is none. Thousands of joint bins are read at
 * every look, and cutting each into two strings takes longer than all the tests on them.
 */
export function integerAt(text: string, start: number, end: number): number {
  const isNegative = text.charCodeAt(start) === MINUS;
  const first = isNegative ? start + 1 : start;
  if (first >= end) return Number.NaN;
  let value = 0;
  for (let index = first; index < end; index += 1) {
    const digit = text.charCodeAt(index) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}

const MINUS = 45;
const ZERO = 48;

/** Whether a bin holds observations. */
export function isCount(count: unknown): count is number {
  return typeof count === "number" && Number.isFinite(count) && count > 0;
}
