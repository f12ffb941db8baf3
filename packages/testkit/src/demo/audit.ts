import { setTimeout as sleep } from "node:timers/promises";
import type { ControlClient } from "@spillway/sdk";
import type { ActOutcome } from "./act.ts";

export type Audit = {
  readonly replayed: number;
  readonly differing: readonly string[];
  readonly ledger: { readonly isIntact: boolean; readonly sentence: string };
};

/** Decides every decision again from its stored inputs, and checks the ledger's chain. */
export async function audit(client: ControlClient, acts: readonly ActOutcome[]): Promise<Audit> {
  const differing: string[] = [];
  let replayed = 0;
  for (const { id } of acts.flatMap((act) => act.decisions)) {
    const replay = await client.call("replayDecision", { params: { id } });
    // A person's move of the feature was decided from nothing, and cannot be decided again.
    if (replay.agrees === null) continue;
    replayed += 1;
    if (!replay.agrees) differing.push(id);
  }
  const ledger = await client.call("verifyLedger", {});
  return { replayed, differing, ledger };
}

const SETTLE_MS = 100;
const SETTLED_AFTER = 10;

/**
 * Answers of the candidate that users got. Read until it stands still for a second: what was answered
 * in the moment of a rollback is counted a moment after it.
 */
export async function countExposed(client: ControlClient, rolloutId: string): Promise<number> {
  let exposed = -1;
  for (let same = 0; same < SETTLED_AFTER;) {
    const rollout = await client.call("getRollout", { params: { id: rolloutId } });
    const found = rollout.exposures.reduce((sum, of) => sum + of.candidate, 0);
    same = found === exposed ? same + 1 : 0;
    exposed = found;
    await sleep(SETTLE_MS);
  }
  return exposed;
}
