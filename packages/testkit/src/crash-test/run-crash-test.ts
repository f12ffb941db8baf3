import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createControlClient } from "@spillway/sdk";
import { freePort } from "../installation.ts";
import { auditDatabase } from "./audit-database.ts";
import { CLOCK_SPEED, registration, writeRecordings } from "./fixture.ts";
import { describeKill, planRounds } from "./kill-plan.ts";
import type { RoundPlan } from "./kill-plan.ts";
import type { CrashOutcome } from "./report.ts";
import type { RoundResult } from "./round.ts";
import { playRound } from "./round.ts";
import type { System } from "./system.ts";
import { startSystem } from "./system.ts";
import type { FailedRequest, Traffic } from "./traffic.ts";
import { startTraffic } from "./traffic.ts";

type RunOptions = {
  readonly rounds: number;
  readonly seed: number;
  /** Told how it goes, line by line. */
  readonly say: (words: string) => void;
};

const REQUESTS_PER_SECOND = 40;
const SHOWN_FAILURES = 10;
/** Of what the server says: errors of its log, and stacks. Its keys, for one, are nobody's business. */
const FAULT = /"level":"?(error|50)|Error|^at |could not|cannot/;

/** An installation of its own, rounds of rollouts and kills, and the audit at the end. */
export async function runCrashTest(options: RunOptions): Promise<CrashOutcome> {
  const { rounds, seed, say } = options;
  say(`Seed ${seed}: --seed ${seed} plans the same kills again.`);
  const folder = await mkdtemp(join(tmpdir(), "spillway-crash-"));
  const recordings = join(folder, "recordings");
  await writeRecordings(recordings);
  const system = await startSystem({
    dataDir: join(folder, "data"),
    gatewayPort: await freePort(),
    controlPort: await freePort(),
    env: {
      SPILLWAY_CLOCK_SPEED: String(CLOCK_SPEED),
      // One anchor for all lives of the supervisor: the clock goes on where it was.
      SPILLWAY_CLOCK_ANCHOR_MS: String(Date.now()),
      SPILLWAY_RECORDINGS_DIR: recordings,
      SPILLWAY_LOG_LEVEL: "error",
      DATABASE_URL: "",
    },
    onWords: (words) => {
      if (FAULT.test(words)) say(`  | ${words}`);
    },
  });
  let isRight = false;
  try {
    const outcome = await playAndAudit(options, system, planRounds(rounds, seed));
    isRight = outcome.isRight;
    return outcome;
  } finally {
    await system.stop();
    if (isRight) await rm(folder, { recursive: true, force: true });
    else say(`The data folder is kept: ${folder}`);
  }
}

async function playAndAudit(
  options: RunOptions,
  system: System,
  plans: readonly RoundPlan[],
): Promise<CrashOutcome> {
  const { installation } = system;
  const client = createControlClient({
    baseUrl: installation.controlUrl,
    key: installation.adminKey,
  });
  await client.call("apply", { body: registration() });
  await untilRouted(installation);
  const traffic = startTraffic({ ...installation, perSecond: REQUESTS_PER_SECOND });
  const problems: string[] = [];
  const results = await playRounds({ ...options, system, plans, traffic, problems });
  await traffic.stop();
  const errors = traffic
    .failed()
    .filter(({ fromMs, untilMs }) => system.gatewayLived(fromMs, untilMs));
  problems.push(...describeFailures(errors));
  const acknowledged = results.flatMap((result) => result.acknowledged);
  const audit = await auditDatabase(system, { acknowledged, answered: traffic.answered() });
  problems.push(...audit.problems);
  const report = {
    rounds: options.rounds,
    ...audit.counts,
    gatewayErrors: errors.length,
    rolloutsEndedRight: results.filter(({ wanted, found }) => wanted === found).length,
  };
  const isRight = problems.length === 0 && report.rolloutsEndedRight === options.rounds;
  const requestsAnswered = traffic.answered().length;
  return { report, problems, requestsAnswered, decisions: audit.decisions, isRight };
}

async function playRounds(options: {
  readonly say: (words: string) => void;
  readonly system: System;
  readonly plans: readonly RoundPlan[];
  readonly traffic: Traffic;
  readonly problems: string[];
}): Promise<readonly RoundResult[]> {
  const { say, system, plans, traffic, problems } = options;
  const results: RoundResult[] = [];
  for (const plan of plans) {
    say(`Round ${plan.round}: ${plan.kills.map(describeKill).join("; ")}`);
    try {
      const result = await playRound(system, plan);
      results.push(result);
      say(
        `  ${result.found} after ${(result.tookMs / 1_000).toFixed(1)} s; ` +
          `${traffic.answered().length} requests answered so far`,
      );
      if (result.found === result.wanted) continue;
      problems.push(`Round ${plan.round} ended as ${result.found}, and not as ${result.wanted}.`);
    } catch (error) {
      // What is broken now would only break the rounds that follow: the audit tells the rest.
      problems.push(`Round ${plan.round}: ${describe(error)}`);
      break;
    }
  }
  return results;
}

/** The gateway learns of the registration a moment after it; a request before that is nobody's error. */
async function untilRouted(at: {
  readonly gatewayUrl: string;
  readonly gatewayKey: string;
}): Promise<void> {
  const probe = startTraffic({ ...at, perSecond: 20 });
  const endMs = Date.now() + 20_000;
  while (probe.answered().length === 0 && Date.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await probe.stop();
}

function describeFailures(errors: readonly FailedRequest[]): string[] {
  const shown = errors.slice(0, SHOWN_FAILURES).map(({ fromMs, untilMs, reason }) => {
    const at = new Date(fromMs).toISOString();
    return `A request of ${at} failed after ${untilMs - fromMs} ms: ${reason}`;
  });
  const more = errors.length - shown.length;
  return more > 0 ? [...shown, `${more} more requests failed.`] : shown;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} ${describe(error.cause)}`;
}
