import type * as Wire from "@spillway/contract";
import type { KeyRecord } from "../../ports/registry-records.ts";

export function keyViewOf(record: KeyRecord): Wire.Key {
  const { id, name, scope, role, features, createdAtMs, expiresAtMs, revokedAtMs } = record;
  return { id, name, scope, role, features: [...features], createdAtMs, expiresAtMs, revokedAtMs };
}
