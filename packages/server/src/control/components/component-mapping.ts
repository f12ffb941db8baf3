import type * as Wire from "@spillway/contract";
import type {
  ComponentDraft,
  DatasetCase,
  DatasetContent,
  ModelContent,
  PromptContent,
} from "@spillway/core";
import { unreachable } from "@spillway/core";
import type { ComponentRecord, ComponentSummary } from "../../ports/registry-records.ts";

/** Fields that were not given are left out, not set to undefined: a digest must not see them. */
export function componentDraftOf(
  draft: Wire.ComponentDraft,
): ComponentDraft & { readonly message: string } {
  const { name, label, message } = draft;
  const shared = { name, label, message };
  switch (draft.kind) {
    case "prompt":
      return { ...shared, kind: "prompt", content: promptOf(draft.content) };
    case "model":
      return { ...shared, kind: "model", content: modelOf(draft.content) };
    case "dataset":
      return { ...shared, kind: "dataset", content: datasetOf(draft.content) };
    case "index":
    case "guardrails":
    case "app":
      return { ...shared, kind: draft.kind, content: draft.content };
    default:
      return unreachable(draft);
  }
}

type WireContent<K extends Wire.ComponentDraft["kind"]> = Extract<
  Wire.ComponentDraft,
  { kind: K }
>["content"];

function promptOf(content: WireContent<"prompt">): PromptContent {
  const variables = Object.entries(content.variables).map(([name, { required, description }]) => [
    name,
    description === undefined ? { required } : { required, description },
  ]);
  return {
    messages: content.messages,
    fewShot: content.fewShot,
    variables: Object.fromEntries(variables) as PromptContent["variables"],
  };
}

function modelOf(content: WireContent<"model">): ModelContent {
  const { provider, id, parameters, contextLimitTokens, price } = content;
  return {
    provider,
    id,
    parameters,
    ...(contextLimitTokens === undefined ? {} : { contextLimitTokens }),
    ...(price === undefined ? {} : { price }),
  };
}

function datasetOf(content: WireContent<"dataset">): DatasetContent {
  return { cases: content.cases.map(caseOf) };
}

function caseOf(found: WireContent<"dataset">["cases"][number]): DatasetCase {
  const { id, input, reference, facts, judgedAnswers, attributes } = found;
  return {
    id,
    ...(input === undefined ? {} : { input }),
    ...(reference === undefined ? {} : { reference }),
    ...(facts === undefined ? {} : { facts }),
    ...(judgedAnswers === undefined ? {} : { judgedAnswers }),
    ...(attributes === undefined ? {} : { attributes }),
  };
}

export function componentSummaryOf(record: ComponentSummary): Wire.ComponentSummary {
  const { kind, name, label, digest, author, message, createdAtMs } = record;
  return { kind, name, label, digest, author, message, createdAtMs };
}

export function componentOf(record: ComponentRecord): Wire.Component {
  // Contents are JSON by construction: they were read from it.
  const content = record.content as unknown as Wire.Component["content"];
  return { ...componentSummaryOf(record), content };
}
