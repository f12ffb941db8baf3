import type { ControlClient } from "@spillway/sdk";
import { SpillwayError } from "@spillway/sdk";
import { findActiveRollout } from "./active-rollout.ts";
import { CliError, EXIT } from "./cli-error.ts";
import type { SliceShare } from "./commands/option-values.ts";
import type { CommandContext } from "./context.ts";
import type { PlanOptions } from "./local-server.ts";
import { count } from "./render/numbers.ts";
import { isStrategyFile, loadStrategyFile } from "./manifest/load-strategy.ts";

export type PlannedOptions = {
  readonly rate?: number;
  readonly baseline: Readonly<Record<string, number>>;
  readonly slice: readonly SliceShare[];
  readonly feature?: string;
  readonly unit?: NonNullable<PlanOptions["unit"]>;
  readonly sla?: number;
  readonly sticky?: NonNullable<PlanOptions["stickyUnits"]>;
};

export type Planned = {
  readonly options: PlanOptions;
  /** What is wrong with the strategy, with the lines of its file where it is one. */
  readonly withLines: (error: unknown) => unknown;
};

/**
 * What a plan or a rehearsal is asked about. A file with a rate needs no server; the name of a strategy is
 * looked up, and so is of a feature what was not typed: its traffic, its unit of assignment and its SLA.
 */
export async function findPlanned(
  context: CommandContext,
  named: string,
  options: PlannedOptions,
): Promise<Planned> {
  const found = await findDocument(context, named);
  const feature = options.feature ?? found.feature;
  const requestsPerHour = options.rate ?? (await trafficOf(context, feature));
  const own = feature === null ? {} : await designOf(context, feature, found.document);
  const { unit = own.unit, sla: slaLatencyMs = own.slaLatencyMs, sticky } = options;
  const planned = {
    document: found.document,
    requestsPerHour,
    baseline: options.baseline,
    slices: options.slice,
    ...(own.feature === undefined ? {} : { feature: own.feature }),
    ...(unit === undefined ? {} : { unit }),
    ...(sticky === undefined ? {} : { stickyUnits: sticky }),
    ...(slaLatencyMs === undefined ? {} : { slaLatencyMs }),
  };
  return { options: planned, withLines: found.withLines };
}

/** What a strategy leaves to the feature; it may also judge what the feature declares. */
async function designOf(
  context: CommandContext,
  key: string,
  document: Record<string, unknown>,
): Promise<Pick<PlanOptions, "unit" | "slaLatencyMs" | "feature">> {
  const client = await context.client();
  const feature = await client.call("getFeature", { params: { feature: key } });
  const { unit } = feature.assignment;
  const { slaLatencyMs, metrics, scorers } = feature;
  const said = document["unit"];
  context.say(
    [
      `${key}: assigned by ${unit}${typeof said === "string" ? ` (this strategy says ${said})` : ""}`,
      ...(slaLatencyMs === null ? [] : [`SLA ${slaLatencyMs / 1_000} s`]),
    ].join(", "),
  );
  const sla = slaLatencyMs === null ? {} : { slaLatencyMs };
  return { unit, feature: { metrics, scorers }, ...sla };
}

type Found = {
  readonly document: Record<string, unknown>;
  /** The feature whose rollout it is of; null for a file or a stored strategy. */
  readonly feature: string | null;
  readonly withLines: Planned["withLines"];
};

const withoutLines = (error: unknown): unknown => error;

async function findDocument(context: CommandContext, named: string): Promise<Found> {
  if (isStrategyFile(named)) {
    const { strategy, withLines } = await loadStrategyFile(named, context.io.cwd);
    return { document: strategy, feature: null, withLines };
  }
  const client = await context.client();
  const { items } = await client.call("listStrategies", {});
  const stored = items.find(({ name }) => name === named);
  if (stored !== undefined) {
    return { document: stored.document, feature: null, withLines: withoutLines };
  }
  const rollout = await findRolloutOf(client, named);
  if (rollout !== null) {
    // With what was frozen at its start, so that this is planned as the server has planned it.
    const { document, expected, slices } = rollout.strategyDetail;
    const frozen = {
      ...(expected === undefined ? {} : { expected }),
      ...(slices === undefined ? {} : { slices }),
    };
    return { document: { ...document, ...frozen }, feature: named, withLines: withoutLines };
  }
  const names = items.map(({ name }) => name).join(", ");
  throw new CliError(
    `there is no strategy "${named}" and no feature of that name with a rollout. Stored strategies: ${names === "" ? "none" : names}. A file ends with .yaml or .json.`,
  );
}

async function findRolloutOf(client: ControlClient, feature: string) {
  try {
    const active = await findActiveRollout(client, feature);
    return active === null ? null : await client.call("getRollout", { params: { id: active.id } });
  } catch (error) {
    if (error instanceof SpillwayError && [400, 404].includes(error.status)) return null;
    throw error;
  }
}

async function trafficOf(context: CommandContext, feature: string | null): Promise<number> {
  if (feature === null) {
    throw new CliError("wanted --rate (such as 3600/h), or --feature with traffic of its own.");
  }
  const client = await context.client();
  const traffic = await client.call("featureTraffic", { params: { feature } });
  const { requests, windowHours, requestsPerHour } = traffic;
  if (requestsPerHour > 0) {
    context.say(`${feature}: ${count(requests)} requests in the last ${windowHours} hours`);
    return requestsPerHour;
  }
  throw new CliError(
    `${feature} has had no traffic in the last ${windowHours} hours. Give it with --rate.`,
    EXIT.failed,
  );
}
