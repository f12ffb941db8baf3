import type { ControlClient } from "@spillway/sdk";
import { SpillwayError } from "@spillway/sdk";
import { findActiveRollout } from "./active-rollout.ts";
import { CliError, EXIT } from "./cli-error.ts";
import type { SliceShare } from "./commands/option-values.ts";
import type { CommandContext } from "./context.ts";
import type { PlanOptions } from "./local-server.ts";
import { isStrategyFile, loadStrategy } from "./manifest/load-strategy.ts";

export type PlannedOptions = {
  readonly rate?: number;
  readonly baseline: Readonly<Record<string, number>>;
  readonly slice: readonly SliceShare[];
  readonly feature?: string;
  readonly unit?: NonNullable<PlanOptions["unit"]>;
  readonly sticky?: NonNullable<PlanOptions["stickyUnits"]>;
};

/**
 * What a plan or a rehearsal is asked about. A file with a rate needs no server; the name of a strategy is
 * looked up, and so is the traffic of a feature where no rate is given.
 */
export async function findPlanned(
  context: CommandContext,
  named: string,
  options: PlannedOptions,
): Promise<PlanOptions> {
  const found = await findDocument(context, named);
  const feature = options.feature ?? found.feature;
  return {
    document: found.document,
    requestsPerHour: options.rate ?? (await trafficOf(context, feature)),
    baseline: options.baseline,
    slices: options.slice,
    ...(feature === null ? {} : { feature: await metricsOf(context, feature) }),
    ...(options.unit === undefined ? {} : { unit: options.unit }),
    ...(options.sticky === undefined ? {} : { stickyUnits: options.sticky }),
  };
}

type Found = {
  readonly document: Record<string, unknown>;
  /** The feature whose rollout it is of; null for a file or a stored strategy. */
  readonly feature: string | null;
};

async function findDocument(context: CommandContext, named: string): Promise<Found> {
  if (isStrategyFile(named)) {
    const document = await loadStrategy(named, context.io.cwd);
    return { document: document as Record<string, unknown>, feature: null };
  }
  const client = await context.client();
  const { items } = await client.call("listStrategies", {});
  const stored = items.find(({ name }) => name === named);
  if (stored !== undefined) return { document: stored.document, feature: null };
  const rollout = await findRolloutOf(client, named);
  if (rollout !== null) return { document: rollout.strategyDetail.document, feature: named };
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

/** A strategy of this feature may judge what the feature declares. */
async function metricsOf(context: CommandContext, feature: string) {
  const client = await context.client();
  const { metrics, scorers } = await client.call("getFeature", { params: { feature } });
  return { metrics, scorers };
}

async function trafficOf(context: CommandContext, feature: string | null): Promise<number> {
  if (feature === null) {
    throw new CliError("wanted --rate (such as 3600/h), or --feature with traffic of its own.");
  }
  const client = await context.client();
  const traffic = await client.call("featureTraffic", { params: { feature } });
  const { requests, windowHours, requestsPerHour } = traffic;
  if (requestsPerHour > 0) {
    context.say(`${feature}: ${requests} requests in the last ${windowHours} hours`);
    return requestsPerHour;
  }
  throw new CliError(
    `${feature} has had no traffic in the last ${windowHours} hours. Give it with --rate.`,
    EXIT.failed,
  );
}
