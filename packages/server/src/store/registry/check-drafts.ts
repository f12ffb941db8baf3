import type {
  ComponentDraft,
  ConfigurationProblem,
  Feature,
  JsonObject,
  PromptContent,
} from "@spillway/core";
import { AppError, assessComponent, problemPath } from "@spillway/core";
import { definitionProblems } from "./feature-store.ts";
import type { RegistryChecks } from "./registry-hooks.ts";
import type { StrategyDraft } from "./strategy-store.ts";

export type Drafts = {
  readonly features: readonly Feature[];
  readonly components: readonly ComponentDraft[];
  readonly strategies: readonly JsonObject[];
};

export type Checking = RegistryChecks & {
  /** Features that are there already; those of the drafts take their places. */
  readonly stored: readonly Feature[];
};

type At = { readonly path: (resource: keyof Drafts, index: number) => string };

/** Paths as in a bundle: `components[2].content.id`. */
export const IN_BUNDLE: At = { path: (resource, index) => `${resource}[${index}]` };

/** Paths as in a body that is the draft itself: `content.id`. */
export const ALONE: At = { path: () => "" };

/**
 * All that can be known before anything is stored, with every problem at once.
 * Throws `unpinned_model` if that is among them, else `invalid_configuration`.
 */
export function checkDrafts(drafts: Drafts, checks: Checking, at: At): StrategyDraft[] {
  const unpinned: ConfigurationProblem[] = [];
  const problems: ConfigurationProblem[] = [];
  drafts.features.forEach((feature, index) => {
    problems.push(...under(at.path("features", index), definitionProblems(feature, checks)));
  });
  drafts.components.forEach((draft, index) => {
    const path = at.path("components", index);
    const assessed = assessComponent(draft);
    unpinned.push(...under(path, assessed.unpinned));
    problems.push(...under(path, assessed.problems), ...under(path, promptOf(draft, checks)));
  });
  const drafted = new Set(drafts.features.map(({ key }) => key));
  const features = [...drafts.features, ...checks.stored.filter(({ key }) => !drafted.has(key))];
  const strategies = drafts.strategies.flatMap((document, index) => {
    const parsed = checks.parseStrategy(document, features);
    if (parsed.kind === "strategy") return [{ document, strategy: parsed.strategy }];
    problems.push(...under(at.path("strategies", index), parsed.problems));
    return [];
  });
  refuse(unpinned, problems);
  return strategies;
}

function promptOf(draft: ComponentDraft, checks: RegistryChecks): ConfigurationProblem[] {
  if (draft.kind !== "prompt") return [];
  return under("content", checks.promptProblems(draft.content as PromptContent));
}

const under = (prefix: string, problems: readonly ConfigurationProblem[]): ConfigurationProblem[] =>
  problems.map(({ path, message }) => ({ path: problemPath(prefix, path), message }));

function refuse(
  unpinned: readonly ConfigurationProblem[],
  problems: readonly ConfigurationProblem[],
): void {
  const all = [...unpinned, ...problems];
  if (all.length === 0) return;
  const code = unpinned.length > 0 ? "unpinned_model" : "invalid_configuration";
  const more = all.length > 1 ? ` And ${all.length - 1} more.` : "";
  const [first] = all;
  throw new AppError(code, `${first?.path}: ${first?.message}${more}`, {
    details: { problems: all },
  });
}
