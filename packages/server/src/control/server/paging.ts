import type { PageRequest } from "../../ports/registry-records.ts";

export function pageRequestOf(query: {
  readonly limit: number;
  readonly cursor?: string | undefined;
}): PageRequest {
  const { limit, cursor } = query;
  return cursor === undefined ? { limit } : { limit, cursor };
}
