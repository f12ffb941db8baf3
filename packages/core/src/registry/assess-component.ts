import { unreachable } from "../errors.ts";
import type { ComponentDraft, DatasetContent, ModelContent } from "../release/component.ts";
import { assessModelPin } from "../release/pin.ts";
import type { ConfigurationProblem } from "./configuration-problem.ts";

/**
 * Whether a component version may enter the registry. A model that is not pinned is told apart from
 * other problems, because its answer is to choose one of `candidates`.
 */
export type ComponentAssessment = {
  readonly problems: readonly ConfigurationProblem[];
  readonly unpinned: readonly ConfigurationProblem[];
};

export function assessComponent(draft: ComponentDraft): ComponentAssessment {
  const names = nameProblems(draft);
  switch (draft.kind) {
    case "model":
      return { problems: names, unpinned: pinProblems(draft.content as ModelContent) };
    case "dataset":
      return {
        problems: [...names, ...datasetProblems(draft.content as DatasetContent)],
        unpinned: [],
      };
    case "prompt":
    case "index":
    case "guardrails":
    case "app":
      return { problems: names, unpinned: [] };
    default:
      return unreachable(draft.kind);
  }
}

/** `name:label` is how people refer to a version, so neither part may make that ambiguous. */
function nameProblems(draft: ComponentDraft): ConfigurationProblem[] {
  const parts = [
    ["name", draft.name],
    ["label", draft.label],
  ] as const;
  return parts.flatMap(([path, found]) =>
    /^[^\s:](?:[^:\n\r]*[^\s:])?$/.test(found)
      ? []
      : [{ path, message: `Found "${found}", wanted words without ":" and outer white space.` }],
  );
}

function pinProblems(content: ModelContent): ConfigurationProblem[] {
  const pin = assessModelPin(content);
  if (pin.kind === "pinned") return [];
  const wanted =
    pin.candidates.length === 0
      ? "Wanted the provider's pinned id of one version."
      : `Wanted a pinned id: ${pin.candidates.join(", ")}.`;
  return [{ path: "content.id", message: `${pin.reason}. ${wanted}` }];
}

function datasetProblems(content: DatasetContent): ConfigurationProblem[] {
  const seen = new Set<string>();
  return content.cases.flatMap((datasetCase, index) => {
    const isRepeat = seen.has(datasetCase.id);
    seen.add(datasetCase.id);
    const message = `Two cases have the id "${datasetCase.id}"; ids must differ.`;
    return isRepeat ? [{ path: `content.cases[${index}].id`, message }] : [];
  });
}
