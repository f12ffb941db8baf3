/** What verifying a ledger of one entry finds. */
export const INTACT_LEDGER = {
  isIntact: true,
  entries: 1,
  head: "h1",
  brokenAtSeq: null,
  sentence: "All 1 entries are unchanged.",
} as const;
