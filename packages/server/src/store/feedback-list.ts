import type { Feedback } from "@spillway/core";
import type { Database } from "./database.ts";

export type StoredFeedback = {
  /** The order in which it was delivered. */
  readonly seq: number;
  readonly feedback: Feedback;
  readonly evaluation: "pending" | "done" | "unmatched" | "failed";
  readonly counted: readonly string[];
  readonly note: string | null;
};

/** Newest first. */
export async function listFeedback(
  database: Database,
  query: {
    readonly limit: number;
    readonly beforeSeq: number | null;
    readonly evaluation: StoredFeedback["evaluation"] | null;
    readonly exchange: string | null;
  },
): Promise<readonly StoredFeedback[]> {
  const { evaluation, exchange, beforeSeq } = query;
  const rows = await database.kysely
    .selectFrom("feedback as f")
    .select(["f.seq", "f.record", "f.evaluation", "f.counted", "f.note"])
    .$if(evaluation !== null, (of) => of.where("f.evaluation", "=", evaluation ?? "done"))
    .$if(exchange !== null, (of) => of.where("f.exchange_id", "=", exchange ?? ""))
    .$if(beforeSeq !== null, (of) => of.where("f.seq", "<", beforeSeq ?? 0))
    .orderBy("f.seq", "desc")
    .limit(query.limit)
    .execute();
  return rows.map((row) => ({
    seq: row.seq,
    feedback: row.record as Feedback,
    evaluation: row.evaluation,
    counted: row.counted as readonly string[],
    note: row.note,
  }));
}
