import { AppError } from "../errors.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Component, ComponentKind } from "./component.ts";
import { COMPONENT_KINDS } from "./component.ts";
import { sha256Hex } from "./sha256.ts";

/** "discharge-summary@14": the feature's key and the release's number within it. */
export type ReleaseId = string & { readonly __brand: "ReleaseId" };

/** Prompt and model are what an answer cannot be made without; the other four may be absent. */
export type ReleaseComponents = {
  readonly prompt: Component<"prompt">;
  readonly model: Component<"model">;
  readonly index: Component<"index"> | null;
  readonly guardrails: Component<"guardrails"> | null;
  readonly dataset: Component<"dataset"> | null;
  readonly app: Component<"app"> | null;
};

/** An immutable tuple of component versions: what is deployed and rolled back, as one. */
export type Release = {
  readonly id: ReleaseId;
  readonly feature: string;
  readonly number: number;
  /** SHA-256 over the feature and the six component digests, in the order of COMPONENT_KINDS. */
  readonly digest: string;
  readonly components: ReleaseComponents;
};

export function releaseId(feature: string, number: number): ReleaseId {
  return `${feature}@${number}` as ReleaseId;
}

/** Throws `invalid_request` when the text is not `<feature>@<number>`. */
export function parseReleaseId(text: string): { id: ReleaseId; feature: string; number: number } {
  const match = /^([a-z0-9][a-z0-9-]{0,62})@([1-9][0-9]{0,8})$/.exec(text);
  if (match === null) {
    throw new AppError(
      "invalid_request",
      `"${text}" is not a release. Wanted <feature>@<number>, for example discharge-summary@14.`,
    );
  }
  const number = Number(match[2]);
  return { id: releaseId(match[1]!, number), feature: match[1]!, number };
}

export function createRelease(input: {
  readonly feature: string;
  readonly number: number;
  readonly components: ReleaseComponents;
}): Release {
  return {
    id: releaseId(input.feature, input.number),
    feature: input.feature,
    number: input.number,
    digest: releaseDigest(input.feature, input.components),
    components: input.components,
  };
}

export function releaseDigest(feature: string, components: ReleaseComponents): string {
  const digests = COMPONENT_KINDS.map((kind) => components[kind]?.digest ?? null);
  return sha256Hex(canonicalJson({ feature, components: digests }));
}

/** The identity people read: `name:version:model`. */
export function promptIdentity(components: Pick<ReleaseComponents, "prompt" | "model">): string {
  return `${components.prompt.name}:${components.prompt.label}:${components.model.content.id}`;
}

/** The candidate's tuple with one part taken from another release: what "roll back one part" makes. */
export function withComponentOf(
  components: ReleaseComponents,
  kind: ComponentKind,
  source: ReleaseComponents,
): ReleaseComponents {
  return { ...components, [kind]: source[kind] };
}
