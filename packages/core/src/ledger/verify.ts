import type { LedgerEntry, LedgerHead } from "./entry.ts";
import { EMPTY_LEDGER, entryHash } from "./entry.ts";

export type LedgerFault = "changed" | "missing" | "reordered" | "cut";

export type LedgerVerification =
  | { readonly kind: "ok"; readonly count: number; readonly head: LedgerHead }
  | {
      readonly kind: "broken";
      readonly fault: LedgerFault;
      /** The first entry that is not as it was written, or is not there. */
      readonly seq: number;
      readonly sentence: string;
    };

export type VerifyOptions = {
  /** The head of the page before, when a ledger is verified in pages; absent: from its beginning. */
  readonly previous?: LedgerHead;
  /** A head kept elsewhere (a signed checkpoint), which must be reached or passed. */
  readonly expectedHead?: LedgerHead;
};

/**
 * Verifies entries in the order of their seq. A chain alone cannot show that its end was cut off, so
 * that needs an expected head; an expected head inside the entries is compared where it stands.
 */
export function verifyLedger(
  entries: readonly LedgerEntry[],
  options: VerifyOptions = {},
): LedgerVerification {
  const { expectedHead } = options;
  let head = options.previous ?? EMPTY_LEDGER;
  if (expectedHead?.seq === head.seq && expectedHead.hash !== head.hash) {
    return changedSince(expectedHead);
  }
  for (const [index, entry] of entries.entries()) {
    const fault = faultOf(entry, head, entries.slice(index + 1, index + 1 + LOOK_AHEAD));
    if (fault !== null) return fault;
    head = { seq: entry.seq, hash: entry.hash };
    if (expectedHead?.seq === head.seq && expectedHead.hash !== head.hash) {
      return changedSince(expectedHead);
    }
  }
  if (expectedHead !== undefined && head.seq < expectedHead.seq) {
    const sentence = `The ledger ends at entry ${head.seq}, and entry ${expectedHead.seq} was known to exist: the end was cut off.`;
    return { kind: "broken", fault: "cut", seq: head.seq + 1, sentence };
  }
  return { kind: "ok", count: entries.length, head };
}

/** How far to look for an entry that is not in its place, to tell "moved" from "missing". */
const LOOK_AHEAD = 1_000;

function faultOf(
  entry: LedgerEntry,
  head: LedgerHead,
  later: readonly LedgerEntry[],
): LedgerVerification | null {
  const wanted = head.seq + 1;
  const broken = (fault: LedgerFault, seq: number, sentence: string): LedgerVerification => ({
    kind: "broken",
    fault,
    seq,
    sentence,
  });
  if (entry.seq > wanted && !later.some((other) => other.seq === wanted)) {
    const what =
      entry.seq === wanted + 1 ? `Entry ${wanted} is` : `Entries ${wanted} to ${entry.seq - 1} are`;
    return broken("missing", wanted, `${what} missing: entry ${entry.seq} follows ${head.seq}.`);
  }
  if (entry.seq !== wanted) {
    const sentence = `Found entry ${entry.seq} where entry ${wanted} belongs: the order was changed.`;
    return broken("reordered", wanted, sentence);
  }
  if (entry.hash !== hashOrNull(entry)) {
    return broken(
      "changed",
      wanted,
      `Entry ${wanted} was changed: its content does not have its hash.`,
    );
  }
  if (entry.previousHash !== head.hash) {
    const sentence = `Entry ${wanted} does not follow the entry before it: entry ${head.seq} or ${wanted} was replaced by another with a hash of its own.`;
    return broken("changed", wanted, sentence);
  }
  return null;
}

/** A body that canonical JSON refuses (NaN) was never written by us, so it is a change like any. */
function hashOrNull(entry: LedgerEntry): string | null {
  try {
    return entryHash(entry);
  } catch {
    return null;
  }
}

const changedSince = (expected: LedgerHead): LedgerVerification => ({
  kind: "broken",
  fault: "changed",
  seq: expected.seq,
  sentence: `Entry ${expected.seq} has another hash than the one that was kept of it: the entries up to there were rewritten.`,
});
