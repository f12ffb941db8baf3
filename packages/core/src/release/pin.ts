/**
 * Model pins. A release names exactly one model version; an alias that the provider moves ("latest",
 * an undated family name) would change the release behind its back, so it is refused.
 *
 * Sources: OpenAI "Models" page (an undated name points to a dated snapshot), Anthropic "Models
 * overview" (aliases `-latest` and undated 3.x names move), read November 2026.
 */
export type ModelPin =
  | { readonly kind: "pinned" }
  | { readonly kind: "moving"; readonly reason: string; readonly candidates: readonly string[] };

/** Undated names that are known to move, with the pinned ids to choose from. */
const MOVING_NAMES: Readonly<Record<string, readonly string[]>> = {
  "gpt-3.5-turbo": ["gpt-3.5-turbo-0125", "gpt-3.5-turbo-1106"],
  "gpt-4": ["gpt-4-0613"],
  "gpt-4-turbo": ["gpt-4-turbo-2024-04-09"],
  "gpt-4-turbo-preview": ["gpt-4-0125-preview"],
  "gpt-4o": ["gpt-4o-2024-11-20", "gpt-4o-2024-08-06", "gpt-4o-2024-05-13"],
  "gpt-4o-mini": ["gpt-4o-mini-2024-07-18"],
  "gpt-4.1": ["gpt-4.1-2025-04-14"],
  "gpt-4.1-mini": ["gpt-4.1-mini-2025-04-14"],
  "gpt-5": ["gpt-5-2025-08-07"],
  "gpt-5-mini": ["gpt-5-mini-2025-08-07"],
  o1: ["o1-2024-12-17"],
  o3: ["o3-2025-04-16"],
  "o4-mini": ["o4-mini-2025-04-16"],
  "claude-3-5-sonnet": ["claude-3-5-sonnet-20241022", "claude-3-5-sonnet-20240620"],
  "claude-3-5-haiku": ["claude-3-5-haiku-20241022"],
  "claude-3-7-sonnet": ["claude-3-7-sonnet-20250219"],
  "claude-3-opus": ["claude-3-opus-20240229"],
  "claude-sonnet-4": ["claude-sonnet-4-20250514"],
  "claude-opus-4": ["claude-opus-4-20250514"],
  "mistral-large": ["mistral-large-2411"],
  "mistral-small": ["mistral-small-2503"],
};

/** Recordings cannot move: what was recorded stays. */
const IMMUTABLE_PROVIDERS: readonly string[] = ["recorded"];

export function assessModelPin(model: {
  readonly provider: string;
  readonly id: string;
}): ModelPin {
  if (IMMUTABLE_PROVIDERS.includes(model.provider)) return { kind: "pinned" };
  const name = model.id.slice(model.id.lastIndexOf("/") + 1);
  const family = name.replace(/[-:@]latest$/, "");
  if (family !== name || name === "latest") {
    return {
      kind: "moving",
      reason: `"${model.id}" follows whatever is newest`,
      candidates: pinnedIdsOf(family) ?? [],
    };
  }
  const candidates = pinnedIdsOf(name);
  if (candidates !== undefined) {
    return {
      kind: "moving",
      reason: `"${model.id}" is a family name that the provider moves`,
      candidates,
    };
  }
  return { kind: "pinned" };
}

function pinnedIdsOf(name: string): readonly string[] | undefined {
  return Object.hasOwn(MOVING_NAMES, name) ? MOVING_NAMES[name] : undefined;
}
