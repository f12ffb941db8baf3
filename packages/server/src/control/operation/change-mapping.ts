import type { ChangeEvent } from "@spillway/contract";
import type { Change } from "../control-ports.ts";

export function changeEventOf(change: Change): ChangeEvent {
  const { kind, feature, rolloutId, snapshotRevision } = change;
  return { kind, feature, rolloutId, snapshotRevision };
}
