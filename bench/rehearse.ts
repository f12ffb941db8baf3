// How long a rehearsal takes: 500 repetitions of a seven-day ramp are to take under a minute on one core.
//
//     npm run bench:rehearse [-- --json] [-- --repetitions 500]
//
// Played is a ramp of 1, 5, 25 and 50% with a day each and three days after it, at 60 requests a minute, on
// the metric whose rollouts take longest to decide. A line for each invented candidate; the harmless one
// runs through all seven days and is the figure that is bounded. With --json one object on stdout.
import { parseArgs } from "node:util";
import type { Strategy } from "@spillway/core";
import {
  DEFAULT_CONFIDENCE,
  METRIC_CATALOGUE,
  parseCriteria,
  parseStrategy,
  rehearse,
} from "@spillway/core";

const SEVEN_DAYS = {
  strategy: "seven-day-ramp",
  gate: { edit_rate: { rollback: "+2pp" } },
  stages: [
    { stage: "canary", share: "1%", least: { duration: "24h" } },
    { stage: "ramp", share: ["5%", "25%", "50%"], least: { duration: "24h" } },
    { stage: "verify", least: { duration: "72h" } },
  ],
};
const REQUESTS_PER_HOUR = 3_600;
const MOST_SECONDS = 60;
const SEED = 1;

function sevenDayRamp(): Strategy {
  const parsed = parseStrategy(SEVEN_DAYS, {
    parseGate: (gate) => parseCriteria(gate, METRIC_CATALOGUE),
    defaultConfidence: DEFAULT_CONFIDENCE,
  });
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  return parsed.strategy;
}

/** Processor seconds of this process: one core, whatever else the machine does. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function measure(repetitions: number) {
  const input = { strategy: sevenDayRamp(), metrics: METRIC_CATALOGUE, seed: SEED };
  const scenarios: { id: string; seconds: number; rolledBack: number; promoted: number }[] = [];
  let before = processorSeconds();
  for (const result of rehearse({ ...input, requestsPerHour: REQUESTS_PER_HOUR, repetitions })) {
    const now = processorSeconds();
    const { scenario, rolledBack, promoted } = result;
    scenarios.push({ id: scenario.id, seconds: now - before, rolledBack, promoted });
    process.stderr.write(`${scenario.title}: ${(now - before).toFixed(1)} s\n`);
    before = now;
  }
  const seconds = scenarios[0]?.seconds ?? Number.NaN;
  const totalSeconds = scenarios.reduce((sum, one) => sum + one.seconds, 0);
  return { repetitions, days: 7, seconds, totalSeconds, mostSeconds: MOST_SECONDS, scenarios };
}

const { values } = parseArgs({
  options: { json: { type: "boolean" }, repetitions: { type: "string", default: "500" } },
});
const measured = measure(Number(values.repetitions));
const { repetitions, seconds, totalSeconds } = measured;
process.stdout.write(
  values.json === true
    ? `${JSON.stringify(measured, null, 2)}\n`
    : `${repetitions} repetitions of a seven-day ramp: ${seconds.toFixed(1)} s (bound ${MOST_SECONDS} s); all ${measured.scenarios.length} kinds of candidate: ${totalSeconds.toFixed(1)} s.\n`,
);
process.exitCode = seconds < MOST_SECONDS ? 0 : 1;
