import type * as Wire from "@spillway/contract";
import type { ComponentChange } from "@spillway/core";
import type { ReleaseDraft, ReleaseSummary } from "../../ports/registry-records.ts";
import { componentSummaryOf } from "../components/component-mapping.ts";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

export function releaseDraftOf(draft: Wire.ReleaseDraft): ReleaseDraft {
  const { feature, components, message } = draft;
  return { feature, references: components, message };
}

export function releaseOf(record: ReleaseSummary): Wire.Release {
  const { prompt, model, index, guardrails, dataset, app } = record.components;
  const part = (found: typeof prompt) => (found === null ? null : componentSummaryOf(found));
  return {
    id: record.id,
    feature: record.feature,
    number: record.number,
    digest: record.digest,
    promptIdentity: record.promptIdentity,
    components: {
      prompt: part(prompt),
      model: part(model),
      index: part(index),
      guardrails: part(guardrails),
      dataset: part(dataset),
      app: part(app),
    },
    author: record.author,
    message: record.message,
    createdAtMs: record.createdAtMs,
  };
}

export function componentChangeOf(change: ComponentChange): ReadOnly<Wire.ComponentChange> {
  const { kind, before, after, fields, sentence } = change;
  return { kind, change: change.change, before, after, fields, sentence };
}
