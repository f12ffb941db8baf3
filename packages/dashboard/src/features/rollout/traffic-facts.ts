import type { Gateways, RolloutDetail } from "../../control/queries.ts";
import { count, durationInWords, spaced } from "../../ui/words.ts";

export type TrafficFact = {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
  readonly isAmber: boolean;
};

/** Nothing counted for this long, while traffic is expected, is worth a second look. */
const STALE_MS = 30 * 60_000;
/** A clock that runs fast makes every answer look old: this much of the wall's time is always allowed. */
const STALE_WALL_MS = 20_000;

/** Health before results: is traffic arriving, is it counted, how fresh, do the gateways agree. */
export function trafficFacts(input: {
  readonly rollout: RolloutDetail;
  readonly gateways: Gateways | undefined;
  readonly clock: { readonly nowMs: number; readonly speed: number | null };
}): readonly TrafficFact[] {
  const { rollout, gateways, clock } = input;
  const exposure = rollout.exposures.find(({ stageIndex }) => stageIndex === rollout.stageIndex);
  const isLive = rollout.state === "progressing" || rollout.state === "held";
  return [
    exposures(exposure),
    reasons("Left out of the evidence", exposure?.excluded ?? {}),
    freshness(exposure?.lastObservedAtMs ?? null, clock, isLive),
    ...(Object.keys(rollout.shadowDrops).length === 0
      ? []
      : [reasons("Shadow copies not made", rollout.shadowDrops)]),
    ...(gateways === undefined ? [] : [fleet(gateways)]),
  ];
}

function exposures(exposure: RolloutDetail["exposures"][number] | undefined): TrafficFact {
  const name = "Counted in this stage";
  if (exposure === undefined) return { name, value: "none yet", detail: "", isAmber: false };
  const { baseline, candidate, pairs } = exposure;
  if (baseline + candidate === 0) {
    const value = `${count(pairs)} pairs`;
    return { name, value, detail: "an answer and its shadow each", isAmber: false };
  }
  const arms = `baseline ${count(baseline)}, candidate ${count(candidate)}`;
  const detail = pairs > 0 ? `${arms}, ${count(pairs)} pairs` : arms;
  return { name, value: count(baseline + candidate), detail, isAmber: false };
}

function reasons(name: string, byReason: Readonly<Record<string, number>>): TrafficFact {
  const entries = Object.entries(byReason).toSorted(([, a], [, b]) => b - a);
  const total = entries.reduce((sum, [, n]) => sum + n, 0);
  const detail = entries.map(([reason, n]) => `${spaced(reason)} ${count(n)}`).join(", ");
  return { name, value: count(total), detail: detail === "" ? "nothing" : detail, isAmber: false };
}

function freshness(
  lastMs: number | null,
  clock: { readonly nowMs: number; readonly speed: number | null },
  isLive: boolean,
): TrafficFact {
  const name = "Newest evidence";
  if (lastMs === null) return { name, value: "none yet", detail: "", isAmber: false };
  const age = Math.max(0, clock.nowMs - lastMs);
  const staleMs = Math.max(STALE_MS, STALE_WALL_MS * (clock.speed ?? 1));
  const isAmber = isLive && age > staleMs;
  const detail = isAmber ? `older than ${durationInWords(staleMs)}` : "";
  return { name, value: `${durationInWords(age)} ago`, detail, isAmber };
}

function fleet(gateways: Gateways): TrafficFact {
  const current = gateways.items.filter((gateway) => gateway.isCurrent).length;
  const all = gateways.items.length;
  return {
    name: "Gateways",
    value: `${current} of ${all} current`,
    detail: `snapshot revision ${gateways.snapshotRevision}`,
    isAmber: current < all || all === 0,
  };
}
