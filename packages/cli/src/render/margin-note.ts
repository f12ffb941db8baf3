/** Where the number is explained that a row names and nobody has written. */
export const MARGIN_NOTE =
  "margin: what must be ruled out before the next stage, more of it before a small share (docs/statistics.md, Margins)";

/** Whether a sentence of a gate's row names the margin of its stage. */
export const namesMargin = (sentence: string): boolean =>
  sentence.includes("the margin of this stage");
