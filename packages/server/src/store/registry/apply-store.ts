import type { ConfigurationProblem } from "@spillway/core";
import { AppError, problemPath } from "@spillway/core";
import { setFirstBaseline } from "./baseline-store.ts";
import { registerComponent } from "./component-store.ts";
import { fallbackProblem, storeFeature } from "./feature-store.ts";
import type { Applied, AppliedChange, Bundle, Registered } from "../../ports/registry-records.ts";
import { loadRevision, type RegistryWork } from "./registry-work.ts";
import { registerRelease } from "./release-store.ts";
import { referenceKey } from "./resolve-references.ts";
import { storeStrategy, type StrategyDraft } from "./strategy-store.ts";

/** What one kind of resource contributed, and whether the gateways must learn of it. */
type Part = { readonly changes: readonly AppliedChange[]; readonly isRouting: boolean };

/**
 * Everything or nothing, of drafts that were checked before, in the order in which one thing refers to another: features, components,
 * releases, fallbacks (which may name a release of this very bundle), strategies, baselines.
 */
export async function applyBundle(
  work: RegistryWork,
  bundle: Bundle,
  checked: readonly StrategyDraft[],
): Promise<Applied> {
  const features = await applyFeatures(work, bundle);
  const components = await applyComponents(work, bundle);
  const releases = await applyReleases(work, bundle, components.known);
  await refuseDanglingFallbacks(work, bundle);
  const stored = await applyEach(checked, async (draft) => {
    const done = await storeStrategy(work, draft);
    const name = draft.strategy.name;
    return [done, { resource: "strategy", name, change: done.change, id: name }];
  });
  const baselines = await applyBaselines(work, bundle);
  const parts = [features, components, releases, stored, baselines];
  const isRouting = parts.some((part) => part.isRouting);
  return {
    changes: parts.flatMap((part) => part.changes),
    snapshotRevision: isRouting
      ? await work.hooks.publishSnapshot(work.trx, { nowMs: work.nowMs, cause: "apply" })
      : await loadRevision(work.trx),
  };
}

function applyFeatures(work: RegistryWork, bundle: Bundle): Promise<Part> {
  return applyEach(bundle.features, async (definition) => {
    const done = await storeFeature(work, definition);
    const { key } = definition;
    return [done, { resource: "feature", name: key, change: done.change, id: key }];
  });
}

/** `known` gives the labels of this bundle their digests, also where the content has another label. */
async function applyComponents(
  work: RegistryWork,
  bundle: Bundle,
): Promise<Part & { readonly known: ReadonlyMap<string, string> }> {
  const known = new Map<string, string>();
  const part = await applyEach(bundle.components, async (draft) => {
    const done = await registerComponent(work, draft);
    const name = `${draft.name}:${draft.label}`;
    known.set(referenceKey(draft.kind, name), done.record.digest);
    const id = done.record.digest;
    return [
      done,
      { resource: "component", name: `${draft.kind}/${name}`, change: done.change, id },
    ];
  });
  return { ...part, known };
}

function applyReleases(
  work: RegistryWork,
  bundle: Bundle,
  known: ReadonlyMap<string, string>,
): Promise<Part> {
  return applyEach(bundle.releases, async (draft, index) => {
    const done = await registerRelease(work, draft, { path: `releases[${index}]`, known });
    const { id } = done.record;
    return [done, { resource: "release", name: id, change: done.change, id }];
  });
}

function applyBaselines(work: RegistryWork, bundle: Bundle): Promise<Part> {
  return applyEach(bundle.baselines, async (draft, index) => {
    const done = await setFirstBaseline(work, draft, `baselines[${index}]`);
    const { feature, baseline } = done.record;
    return [done, { resource: "baseline", name: feature, change: done.change, id: baseline }];
  });
}

/** One after another: an item may refer to one before it. */
async function applyEach<Draft>(
  drafts: readonly Draft[],
  apply: (draft: Draft, index: number) => Promise<[Registered<unknown>, AppliedChange]>,
): Promise<Part> {
  const changes: AppliedChange[] = [];
  let isRouting = false;
  for (const [index, draft] of drafts.entries()) {
    const [done, change] = await apply(draft, index);
    changes.push(change);
    isRouting ||= done.isRouting;
  }
  return { changes, isRouting };
}

async function refuseDanglingFallbacks(work: RegistryWork, bundle: Bundle): Promise<void> {
  const problems: ConfigurationProblem[] = [];
  for (const [index, definition] of bundle.features.entries()) {
    const found = await fallbackProblem(work.trx, definition);
    if (found === null) continue;
    problems.push({
      path: problemPath(`features[${index}]`, found.path),
      message: found.message,
    });
  }
  if (problems.length === 0) return;
  throw new AppError("invalid_configuration", problems.map((each) => each.message).join(" "), {
    details: { problems },
  });
}
