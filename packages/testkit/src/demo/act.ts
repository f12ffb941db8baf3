import { setTimeout as sleep } from "node:timers/promises";
import type { CallOutput, ControlClient } from "@spillway/sdk";
import type { Mark, Terminal } from "./terminal.ts";

type Rollout = CallOutput<"getRollout">;
export type Decision = CallOutput<"listDecisions">["items"][number];

export type ActOutcome = {
  readonly rolloutId: string;
  readonly state: Rollout["state"];
  /** Oldest first. */
  readonly decisions: readonly Decision[];
  /** Real milliseconds from the last decision to the last gateway's report that it serves it. */
  readonly toGatewaysMs: number | null;
  /** Real milliseconds from the start to the end. */
  readonly tookMs: number;
};

export type ActOptions = {
  readonly client: ControlClient;
  readonly terminal: Terminal;
  readonly feature: string;
  readonly candidate: string;
  readonly strategy: string;
  readonly note: string;
  readonly speed: number;
  /** Aborted: the act is broken off, and throws. */
  readonly signal: AbortSignal;
};

const POLL_MS = 200;
const MOST_MS = 150_000;
const HOUR_MS = 3_600_000;
/** After so long without a decision it is told how far the stage is. */
const QUIET_MS = 6_000;

/** Starts one rollout and tells what happens to it, until it ends. */
export async function playAct(options: ActOptions): Promise<ActOutcome> {
  const { client, terminal, signal } = options;
  const { feature, candidate, strategy, note } = options;
  const created = await client.call("createRollout", {
    body: { feature, candidate, strategy, note },
  });
  for (const change of created.changes) terminal.line(change.sentence);
  const { id } = created;
  await client.call("rolloutAction", { params: { id, action: "start" }, body: { note } });
  const startedAtMs = Date.now();
  const told = new Set<string>();
  let toldAtMs = Date.now();
  for (;;) {
    signal.throwIfAborted();
    const rollout = await client.call("getRollout", { params: { id }, signal });
    const decisions = await loadDecisions(client, id);
    const news = decisions.filter((decision) => !told.has(decision.id));
    for (const decision of news) {
      told.add(decision.id);
      tellDecision({ terminal, decision, startMs: decisions[0]?.atMs ?? decision.atMs });
    }
    if (["completed", "rolled_back", "aborted"].includes(rollout.state)) {
      const toGatewaysMs = await reachedGateways(options, decisions.at(-1));
      const tookMs = Date.now() - startedAtMs;
      return { rolloutId: id, state: rollout.state, decisions, toGatewaysMs, tookMs };
    }
    if (news.length > 0) toldAtMs = Date.now();
    if (Date.now() - toldAtMs > QUIET_MS) {
      terminal.event("wait", "", progressOf(rollout));
      toldAtMs = Date.now();
    }
    if (Date.now() - startedAtMs > MOST_MS) {
      throw new Error(`The rollout of ${candidate} did not end: ${rollout.sentence}`);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function loadDecisions(client: ControlClient, id: string): Promise<readonly Decision[]> {
  const page = await client.call("listDecisions", { params: { id }, query: { limit: 500 } });
  return page.items.toSorted((left, right) => left.version - right.version);
}

const MARKS: Readonly<Record<Decision["decision"], Mark>> = {
  advance: "move",
  hold: "wait",
  pause: "wait",
  rollback: "fail",
  complete: "pass",
};

function tellDecision(of: {
  readonly terminal: Terminal;
  readonly decision: Decision;
  readonly startMs: number;
}): void {
  const { terminal, decision, startMs } = of;
  const at = `+${((decision.atMs - startMs) / HOUR_MS).toFixed(1)} h`;
  terminal.event(MARKS[decision.decision], at, decision.reason);
}

/** What the present stage has counted, and what it waits for. */
function progressOf(rollout: Rollout): string {
  const index = rollout.stageIndex ?? 0;
  const stage = rollout.stages[index]?.name ?? "";
  const here = rollout.exposures.filter((exposure) => exposure.stageIndex === index);
  const sum = (of: "baseline" | "candidate" | "pairs"): number =>
    here.reduce((total, exposure) => total + exposure[of], 0);
  const counts = [
    sum("pairs") > 0 ? `${sum("pairs")} pairs compared` : null,
    sum("candidate") > 0 ? `${sum("candidate")} answers of the candidate seen` : null,
    sum("candidate") > 0 && sum("baseline") > 0 ? `${sum("baseline")} of the baseline` : null,
  ].filter((count) => count !== null);
  const waitsFor = rollout.unmet[0]?.sentence ?? rollout.sentence;
  return `${stage}: ${counts.length === 0 ? "nothing counted yet" : counts.join(", ")}. ${waitsFor}`;
}

/** From the decision to the report of the last gateway that serves it, in real time. */
async function reachedGateways(
  options: Pick<ActOptions, "client" | "speed">,
  decision: Decision | undefined,
): Promise<number | null> {
  if (decision === undefined) return null;
  for (let attempt = 0; attempt < 50; attempt++) {
    const { items } = await options.client.call("listGateways", {});
    const isEverywhere =
      items.length > 0 &&
      items.every((gateway) => gateway.snapshotRevision >= decision.snapshotRevision);
    if (isEverywhere) {
      const lastMs = Math.max(...items.map((gateway) => gateway.lastSeenAtMs));
      return Math.max(0, (lastMs - decision.atMs) / options.speed);
    }
    await sleep(20);
  }
  return null;
}
