import { AppError } from "@spillway/core";

/**
 * Saves a batch, and where it fails its halves, until the item that fails stands alone and is set aside:
 * one poison record must not stop the rest. Throws when the database is away.
 */
export async function inHalves<Item>(
  items: readonly Item[],
  work: {
    readonly save: (part: readonly Item[]) => Promise<void>;
    readonly setAside: (item: Item, error: unknown) => Promise<void>;
  },
): Promise<void> {
  try {
    await work.save(items);
  } catch (error) {
    if (error instanceof AppError && error.code === "database_unavailable") throw error;
    const [only, ...others] = items;
    if (only !== undefined && others.length === 0) return await work.setAside(only, error);
    const middle = Math.ceil(items.length / 2);
    await inHalves(items.slice(0, middle), work);
    await inHalves(items.slice(middle), work);
  }
}
