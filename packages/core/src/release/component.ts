import type { Json, JsonObject } from "../json.ts";
import { canonicalJson } from "./canonical-json.ts";
import { sha256Hex } from "./sha256.ts";

/**
 * The six independently versioned parts of a release. A component version is immutable and named by
 * the SHA-256 of the canonical JSON of { kind, name, content }; its label ("v3.2") is for people.
 */
export const COMPONENT_KINDS = [
  "prompt",
  "model",
  "index",
  "guardrails",
  "dataset",
  "app",
] as const;

export type ComponentKind = (typeof COMPONENT_KINDS)[number];

export type PromptMessage = {
  readonly role: "system" | "user" | "assistant";
  /** A template in the strict Mustache subset (prompt/template.ts). */
  readonly content: string;
};

export type PromptContent = {
  /** Rendered before the client's own messages, in this order. */
  readonly messages: readonly PromptMessage[];
  /** Example turns, placed after the system messages; plain text, never rendered. */
  readonly fewShot: readonly PromptMessage[];
  /** Variables taken from the request's metadata, by name. */
  readonly variables: Readonly<
    Record<string, { readonly description?: string; readonly required: boolean }>
  >;
};

export type ModelContent = {
  /** Which adapter serves it: "openai", "recorded", or the name of a configured endpoint. */
  readonly provider: string;
  /** The provider's pinned id. */
  readonly id: string;
  readonly parameters: JsonObject;
  readonly contextLimitTokens?: number;
  /** Micro-USD per million tokens. Absent: unpriced, which is not free. */
  readonly price?: {
    readonly inputMicroUsdPerMillion: number;
    readonly outputMicroUsdPerMillion: number;
  };
};

export type IndexContent = { readonly location: string; readonly settings: JsonObject };

export type GuardrailsContent = { readonly rules: readonly JsonObject[] };

export type DatasetCase = {
  readonly id: string;
  readonly input?: string;
  /** The gold answer, for match scorers. */
  readonly reference?: string;
  /** Facts that an answer must contain; each is a list of accepted wordings. */
  readonly facts?: readonly (readonly string[])[];
  /** Answers that a person has judged already: SHA-256 of the answer's text -> score in [0, 1]. */
  readonly judgedAnswers?: Readonly<Record<string, number>>;
  readonly attributes?: Readonly<Record<string, string>>;
};

export type DatasetContent = { readonly cases: readonly DatasetCase[] };

export type AppContent = { readonly codeVersion: string; readonly settings: JsonObject };

export type ComponentContents = {
  readonly prompt: PromptContent;
  readonly model: ModelContent;
  readonly index: IndexContent;
  readonly guardrails: GuardrailsContent;
  readonly dataset: DatasetContent;
  readonly app: AppContent;
};

export type Component<K extends ComponentKind = ComponentKind> = {
  readonly kind: K;
  readonly name: string;
  readonly label: string;
  readonly digest: string;
  readonly content: ComponentContents[K];
};

export type ComponentDraft<K extends ComponentKind = ComponentKind> = Omit<Component<K>, "digest">;

/** Content-addressed: the label is not part of the identity, kind and name are. */
export function componentDigest(draft: Pick<ComponentDraft, "kind" | "name" | "content">): string {
  return sha256Hex(
    canonicalJson({
      kind: draft.kind,
      name: draft.name,
      content: draft.content as unknown as Json,
    }),
  );
}

export function createComponent<K extends ComponentKind>(draft: ComponentDraft<K>): Component<K> {
  return { ...draft, digest: componentDigest(draft) };
}
