import { AppError } from "@spillway/core";

/** Where a page ended, in the order "newest first": the time, and the id among equal times. */
export type PagePosition = { readonly atMs: number; readonly id: string };

function cursorOf(position: PagePosition): string {
  return Buffer.from(`${position.atMs} ${position.id}`, "utf8").toString("base64url");
}

/** Null is the beginning. Throws `invalid_request` for a text that no page has given. */
export function parseCursor(cursor: string | undefined): PagePosition | null {
  if (cursor === undefined) return null;
  const match = /^([0-9]{1,15}) (\S.{0,250})$/.exec(
    Buffer.from(cursor, "base64url").toString("utf8"),
  );
  if (match === null) refuseCursor();
  return { atMs: Number(match[1]), id: match[2] ?? "" };
}

/** Rows are asked for with one more than the limit, so that the last page is known as such. */
export function pageOf<Item>(
  found: readonly Item[],
  limit: number,
  positionOf: (item: Item) => PagePosition,
): { readonly items: readonly Item[]; readonly nextCursor: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? cursorOf(positionOf(last)) : null };
}

/** For lists that are paged by a number (a sequence, a version, an offset). Null is the beginning. */
export function numberOfCursor(cursor: string | undefined): number | null {
  if (cursor === undefined) return null;
  if (!/^[0-9]{1,15}$/.test(cursor)) refuseCursor();
  return Number(cursor);
}

function refuseCursor(): never {
  const problem = { path: "query.cursor", message: "Wanted the nextCursor of the page before." };
  throw new AppError("invalid_request", "The cursor is not one of this list.", {
    details: { problems: [problem] },
  });
}
