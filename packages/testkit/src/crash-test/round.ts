import { setTimeout as sleep } from "node:timers/promises";
import type { CallOutput, ControlClient } from "@spillway/sdk";
import { SpillwayError, createControlClient } from "@spillway/sdk";
import { FEATURE, RELEASES, STRATEGY } from "./fixture.ts";
import type { RoundPlan } from "./kill-plan.ts";
import type { System } from "./system.ts";

type Rollout = CallOutput<"getRollout">;
type PersonAction = "start" | "pause" | "resume";

/** What the control API has answered 200 to, and so must be in the database for ever. */
export type Acknowledged = {
  readonly rolloutId: string;
  readonly action: PersonAction;
  /** The rollout's version as it was answered: the action's own decision or a later one. */
  readonly version: number;
};

export type RoundResult = {
  readonly round: number;
  /** Null: not even its preparation came through. */
  readonly rolloutId: string | null;
  readonly wanted: RoundPlan["ending"];
  readonly found: string;
  readonly acknowledged: readonly Acknowledged[];
  readonly tookMs: number;
};

/** A rollout takes seconds; outages, leases and back-off of two kills come on top. */
const ROUND_MS = 150_000;
const POLL_MS = 100;
const ENDED = ["completed", "rolled_back", "aborted"];

/** One rollout from its preparation to its end, while what is planned is killed. */
export async function playRound(system: System, plan: RoundPlan): Promise<RoundResult> {
  const startMs = Date.now();
  const acknowledged: Acknowledged[] = [];
  const round: Round = { system, plan, startMs, endMs: startMs + ROUND_MS, acknowledged };
  const [rollout] = await Promise.all([playRollout(round), killAll(round)]);
  return {
    round: plan.round,
    rolloutId: rollout.id,
    wanted: plan.ending,
    found: rollout.state,
    acknowledged,
    tookMs: Date.now() - startMs,
  };
}

type Round = {
  readonly system: System;
  readonly plan: RoundPlan;
  readonly startMs: number;
  readonly endMs: number;
  readonly acknowledged: Acknowledged[];
};

async function killAll({ system, plan, startMs }: Round): Promise<void> {
  for (const kill of plan.kills) {
    await sleep(Math.max(0, startMs + kill.atMs - Date.now()));
    await system.carryOut(kill);
  }
}

async function playRollout(round: Round): Promise<Rollout> {
  const { id } = await prepare(round);
  await act(round, { id, action: "start", isDone: (rollout) => rollout.state !== "pending" });
  const pausing = pauseAndResume(round, id);
  const ended = await until(round, async (client) => {
    const rollout = await client.call("getRollout", { params: { id } });
    return ENDED.includes(rollout.state) ? rollout : null;
  });
  await pausing;
  return ended;
}

/** The note tells whether an attempt whose answer was lost has been carried out. */
async function prepare(round: Round): Promise<Rollout> {
  const note = `Round ${round.plan.round}`;
  return await until(round, async (client) => {
    const { baseline } = await client.call("getFeature", { params: { feature: FEATURE } });
    const candidate =
      round.plan.ending === "rolled_back"
        ? RELEASES.bad
        : RELEASES.good.find((release) => release !== baseline);
    if (candidate === undefined)
      throw new Error(`${FEATURE} serves ${baseline}, which is no good one.`);
    try {
      return await client.call("createRollout", {
        body: { feature: FEATURE, candidate, strategy: STRATEGY, note },
      });
    } catch (error) {
      if (!(error instanceof SpillwayError) || error.code !== "conflict") throw error;
      const { items } = await client.call("listRollouts", { query: { active: "true" } });
      const own = items.find((rollout) => rollout.candidate === candidate);
      return own === undefined ? null : await client.call("getRollout", { params: { id: own.id } });
    }
  });
}

async function pauseAndResume(round: Round, id: string): Promise<void> {
  const { pauseAtMs } = round.plan;
  if (pauseAtMs === null) return;
  await sleep(Math.max(0, round.startMs + pauseAtMs - Date.now()));
  const isOver = (rollout: Rollout): boolean => ENDED.includes(rollout.state);
  await act(round, { id, action: "pause", isDone: (of) => of.state === "paused" || isOver(of) });
  await act(round, { id, action: "resume", isDone: (of) => of.state !== "paused" });
}

/** Asks until it is done, whoever has done it: an answer may be lost although the action was taken. */
async function act(
  round: Round,
  wanted: {
    readonly id: string;
    readonly action: PersonAction;
    readonly isDone: (rollout: Rollout) => boolean;
  },
): Promise<void> {
  const { id, action, isDone } = wanted;
  await until(round, async (client) => {
    const before = await client.call("getRollout", { params: { id } });
    if (isDone(before)) return before;
    const after = await client.call("rolloutAction", {
      params: { id, action },
      body: { note: `Round ${round.plan.round}` },
    });
    round.acknowledged.push({ rolloutId: id, action, version: after.version });
    return after;
  });
}

/** Tries until there is a result; a control plane that is away is what this test is about. */
async function until<Result>(
  { system, endMs, plan }: Round,
  attempt: (client: ControlClient) => Promise<Result | null>,
): Promise<Result> {
  let last: unknown = "it is still under way";
  while (Date.now() < endMs) {
    const { controlUrl, adminKey } = system.installation;
    const client = createControlClient({ baseUrl: controlUrl, key: adminKey, timeoutMs: 15_000 });
    try {
      const result = await attempt(client);
      if (result !== null) return result;
    } catch (error) {
      if (!(error instanceof SpillwayError) || !mayPass(error)) throw error;
      last = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`Round ${plan.round} did not end in ${ROUND_MS / 1_000} s.`, { cause: last });
}

/** Unreachable, timed out, refused for now, or overtaken by a decision: everything else is a fault. */
function mayPass({ status, code }: SpillwayError): boolean {
  return status === 0 || status >= 500 || code === "illegal_transition" || code === "conflict";
}
