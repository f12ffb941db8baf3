import type { Json } from "@spillway/core";
import type { Database } from "./database.ts";

export type Notice = {
  readonly id: number;
  readonly key: string;
  readonly topic: string;
  readonly text: string;
  readonly body: Json;
};

/** Takes unsent notices; whoever dies with one leaves it to be taken again when its time runs out. */
export async function claimNotices(
  database: Database,
  claim: { readonly wallNowMs: number; readonly untilWallMs: number; readonly limit: number },
): Promise<readonly Notice[]> {
  const rows = await database.kysely
    .updateTable("outbox")
    .set((column) => ({
      next_attempt_wall_ms: claim.untilWallMs,
      attempts: column("attempts", "+", 1),
    }))
    .where("id", "in", (select) =>
      select
        .selectFrom("outbox as o")
        .select("o.id")
        .where("o.sent_at_ms", "is", null)
        .where("o.next_attempt_wall_ms", "<=", claim.wallNowMs)
        .orderBy("o.id")
        .limit(claim.limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning(["id", "notice_key", "topic", "text", "body"])
    .execute();
  return rows
    .map(({ notice_key: key, body, ...row }) => ({ ...row, key, body: body as Json }))
    .toSorted((left, right) => left.id - right.id);
}

export async function markNoticeSent(database: Database, id: number, atMs: number): Promise<void> {
  await database.kysely
    .updateTable("outbox")
    .set({ sent_at_ms: atMs })
    .where("id", "=", id)
    .execute();
}
