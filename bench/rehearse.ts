// How long a rehearsal takes: 500 repetitions of a seven-day ramp are to take under a minute on one core.
//
//     npm run bench:rehearse [-- --json] [-- --repetitions 500]
//     npm run bench:rehearse -- --strategies [--repetitions 50]
//
// Played is a ramp of 1, 5, 25 and 50% with a day each and three days after it, at 60 requests a minute, on
// the metric whose rollouts take longest to decide: assigned by request, by user, and with `over: 15m`. A
// line for each invented candidate; the harmless one runs through all seven days and is the figure that is
// bounded. With --strategies the harmless candidate of every built-in strategy is played in the same
// forms, and its time given for 500. With --json one object on stdout.
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { JsonObject, Strategy } from "@spillway/core";
import {
  DEFAULT_CONFIDENCE,
  METRIC_CATALOGUE,
  parseCriteria,
  parseStrategy,
  rehearse,
  withFeatureLevels,
} from "@spillway/core";
import { parse } from "yaml";

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
const SLA_MS = 3_000;
const COUNTED_REPETITIONS = 500;
const STRATEGIES = new URL("../packages/server/strategies/", import.meta.url);

function strategyOf(document: JsonObject): Strategy {
  const levelled = withFeatureLevels(document, { slaLatencyMs: SLA_MS }).document;
  const parsed = parseStrategy(levelled, {
    parseGate: (gate) => parseCriteria(gate, METRIC_CATALOGUE),
    defaultConfidence: DEFAULT_CONFIDENCE,
  });
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  return { ...parsed.strategy, slices: [] };
}

/** How a strategy may be judged: single requests, units that return, restarts of a quarter of an hour. */
const FORMS = {
  "by request": (strategy: Strategy): Strategy => ({ ...strategy, unit: "request" }),
  "by user": (strategy: Strategy): Strategy => ({ ...strategy, unit: "user" }),
  "over: 15m": (strategy: Strategy): Strategy => ({
    ...strategy,
    unit: "request",
    criteria: strategy.criteria.map((criterion) =>
      criterion.comparison.kind === "zero_tolerance"
        ? criterion
        : { ...criterion, overSeconds: 900 },
    ),
  }),
} as const;

/** Processor seconds of this process: one core, whatever else the machine does. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

type Measured = {
  readonly id: string;
  readonly title: string;
  readonly seconds: number;
  readonly rolledBack: number;
  readonly promoted: number;
};

function* measure(strategy: Strategy, repetitions: number): Generator<Measured> {
  const input = { strategy, metrics: METRIC_CATALOGUE, seed: SEED, repetitions };
  let before = processorSeconds();
  for (const result of rehearse({ ...input, requestsPerHour: REQUESTS_PER_HOUR })) {
    const now = processorSeconds();
    const { scenario, rolledBack, promoted } = result;
    yield { id: scenario.id, title: scenario.title, seconds: now - before, rolledBack, promoted };
    before = now;
  }
}

function measureRamp(repetitions: number) {
  return Object.entries(FORMS).map(([form, inForm]) => {
    const scenarios: Measured[] = [];
    for (const measured of measure(inForm(strategyOf(SEVEN_DAYS)), repetitions)) {
      scenarios.push(measured);
      process.stderr.write(`${form}, ${measured.title}: ${measured.seconds.toFixed(1)} s\n`);
    }
    const seconds = scenarios[0]?.seconds ?? Number.NaN;
    const totalSeconds = scenarios.reduce((sum, one) => sum + one.seconds, 0);
    return { form, seconds, totalSeconds, scenarios };
  });
}

function measureStrategies(repetitions: number) {
  return readdirSync(STRATEGIES).flatMap((file) => {
    const document = parse(readFileSync(new URL(file, STRATEGIES), "utf8")) as JsonObject;
    return Object.entries(FORMS).map(([form, inForm]) => {
      const strategy = inForm(strategyOf(document));
      const harmless = measure(strategy, repetitions).next().value as Measured;
      const seconds = (harmless.seconds * COUNTED_REPETITIONS) / repetitions;
      process.stderr.write(`${strategy.name}, ${form}: ${seconds.toFixed(1)} s\n`);
      return { strategy: strategy.name, form, seconds };
    });
  });
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    repetitions: { type: "string", default: String(COUNTED_REPETITIONS) },
    strategies: { type: "boolean" },
  },
});
const repetitions = Number(values.repetitions);
const forms =
  values.strategies === true ? measureStrategies(repetitions) : measureRamp(repetitions);
if (values.json === true) {
  const bound = { repetitions, mostSeconds: MOST_SECONDS };
  process.stdout.write(`${JSON.stringify({ ...bound, days: 7, forms }, null, 2)}\n`);
} else {
  for (const of of forms) {
    const name = "strategy" in of ? `${of.strategy}, ${of.form}` : `seven-day ramp, ${of.form}`;
    const count = "strategy" in of ? COUNTED_REPETITIONS : repetitions;
    const all =
      "totalSeconds" in of ? `; all kinds of candidate: ${of.totalSeconds.toFixed(1)} s` : "";
    process.stdout.write(
      `${name}: ${count} repetitions in ${of.seconds.toFixed(1)} s (bound ${MOST_SECONDS} s)${all}.\n`,
    );
  }
}
process.exitCode = forms.every(({ seconds }) => seconds < MOST_SECONDS) ? 0 : 1;
