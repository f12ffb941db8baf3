import type { Json, LedgerEntry, LedgerHead } from "@spillway/core";
import { canonicalJson, isJsonObject, sha256Hex, verifyLedger } from "@spillway/core";
import type { Database } from "./database.ts";
import { listLedgerAfter } from "./ledger-store.ts";

export type LedgerVerdict = {
  readonly isIntact: boolean;
  /** How many were found in order; without gaps, so it is the seq of the head too. */
  readonly entries: number;
  readonly head: string;
  readonly brokenAtSeq: number | null;
  readonly sentence: string;
};

const PAGE = 1_000;
/** Inputs of a decision hold its evidence and may be large. */
const DECISIONS_PAGE = 50;

/**
 * Follows the chain from its beginning, a page at a time, so that its length does not matter, and
 * compares the decisions with what their entries seal. Only with a head that was kept elsewhere can
 * it be seen that the end was cut off.
 */
export async function verifyStoredLedger(
  database: Database,
  expectedHead: LedgerHead | null = null,
): Promise<LedgerVerdict> {
  let previous: LedgerEntry | null = null;
  let entries = 0;
  const broken = (seq: number, sentence: string): LedgerVerdict => ({
    isIntact: false,
    entries,
    head: previous?.hash ?? "",
    brokenAtSeq: seq,
    sentence,
  });
  for (;;) {
    const page: readonly LedgerEntry[] = await listLedgerAfter(database, {
      afterSeq: previous?.seq ?? 0,
      limit: PAGE,
    });
    const isLast = page.length < PAGE;
    const reached = page.at(-1)?.seq ?? 0;
    const isHeadDue = expectedHead !== null && (isLast || expectedHead.seq <= reached);
    const result = verifyLedger(page, {
      ...(previous === null ? {} : { previous }),
      ...(isHeadDue ? { expectedHead } : {}),
    });
    if (result.kind === "broken") return broken(result.seq, result.sentence);
    const unsealed = await findUnsealed(database, page);
    if (unsealed !== null) return broken(unsealed.seq, unsealed.sentence);
    entries += page.length;
    previous = page.at(-1) ?? previous;
    if (isLast) break;
  }
  const head = previous?.hash ?? "";
  const upTo = `unchanged, in order and complete up to ${head.slice(0, 12)}`;
  const sentence =
    entries === 0
      ? "The ledger is empty."
      : `All ${entries} entries are ${upTo}, and the decisions are as they were sealed.`;
  return { isIntact: true, entries, head, brokenAtSeq: null, sentence };
}

type Seal = { readonly seq: number; readonly decisionId: string; readonly sha256: string };

/** The first entry whose decision is gone or has other inputs than those that were decided on. */
async function findUnsealed(
  database: Database,
  page: readonly LedgerEntry[],
): Promise<{ readonly seq: number; readonly sentence: string } | null> {
  const seals = page.flatMap(sealOf);
  for (let from = 0; from < seals.length; from += DECISIONS_PAGE) {
    const some = seals.slice(from, from + DECISIONS_PAGE);
    const digests = await digestsOf(database, some);
    for (const { seq, decisionId, sha256 } of some) {
      const found = digests.get(decisionId);
      if (found === sha256) continue;
      const what = found === undefined ? "is not there any more" : "has other inputs by now";
      return { seq, sentence: `The decision ${decisionId}, sealed by entry ${seq}, ${what}.` };
    }
  }
  return null;
}

function sealOf({ seq, action, subject, body }: LedgerEntry): Seal[] {
  if (!action.startsWith("decision.") || !isJsonObject(body)) return [];
  const sha256 = body["inputsSha256"];
  return typeof sha256 === "string" ? [{ seq, decisionId: subject, sha256 }] : [];
}

async function digestsOf(
  database: Database,
  seals: readonly Seal[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await database.kysely
    .selectFrom("decisions as d")
    .select(["d.id", "d.inputs"])
    .where(
      "d.id",
      "in",
      seals.map(({ decisionId }) => decisionId),
    )
    .execute();
  return new Map(rows.map(({ id, inputs }) => [id, sha256Hex(canonicalJson(inputs as Json))]));
}
