import type { ComponentDraft, Feature, JsonObject, Stage, Strategy } from "../../core/src/index.ts";

/** Valid objects of the registry; a test states only what it is about. */
export function buildFeature(parts: Partial<Feature> = {}): Feature {
  const key = parts.key ?? "search";
  return {
    key,
    title: "Search",
    owner: "search-team",
    tier: 3,
    assignment: { unit: "user", attribute: null, onMissing: "error", salt: key },
    rules: [],
    slices: [],
    fallback: null,
    scorers: [],
    slaLatencyMs: null,
    ...parts,
  };
}

export type RegisteredDraft = ComponentDraft & { readonly message: string };

export function buildPrompt(text: string, parts: Partial<RegisteredDraft> = {}): RegisteredDraft {
  return {
    kind: "prompt",
    name: "search-prompt",
    label: "v1",
    message: "",
    content: { messages: [{ role: "system", content: text }], fewShot: [], variables: {} },
    ...parts,
  };
}

export function buildModel(id: string, parts: Partial<RegisteredDraft> = {}): RegisteredDraft {
  return {
    kind: "model",
    name: "search-model",
    label: "v1",
    message: "",
    content: { provider: "openai", id, parameters: {} },
    ...parts,
  };
}

export function buildStage(parts: Partial<Stage> = {}): Stage {
  return {
    kind: "canary",
    name: "canary",
    shareBps: 500,
    shadowBps: 0,
    least: { durationSeconds: 3_600, observations: 400, need: "both" },
    mostSeconds: null,
    approval: null,
    onInconclusive: "extend",
    onNoData: "hold",
    onError: "hold",
    ...parts,
  };
}

export function buildStrategy(parts: Partial<Strategy> = {}): Strategy {
  return {
    name: "prompt-canary",
    description: "A small share first.",
    stages: [buildStage(), buildStage({ kind: "ramp", name: "ramp 100%", shareBps: 10_000 })],
    criteria: [
      {
        id: "quality",
        metric: "quality",
        comparison: { kind: "relative", hold: 0.05, rollback: 0.1 },
        withinSeconds: null,
        perSlice: false,
        onInconclusive: "extend",
        onNoData: "hold",
        onError: "hold",
      },
    ],
    confidence: { alpha: 0.05, alphaBlock: 0.05, alphaPromote: 0.05, amberOdds: 4 },
    personGraceSeconds: 86_400,
    ...parts,
  };
}

/** Understands a document that names itself, and nothing of what it says. */
export function parseNamedStrategy(document: JsonObject):
  | { readonly kind: "strategy"; readonly strategy: Strategy }
  | {
      readonly kind: "problems";
      readonly problems: readonly { readonly path: string; readonly message: string }[];
    } {
  const { name, description } = document;
  if (typeof name !== "string") {
    return { kind: "problems", problems: [{ path: "name", message: "Wanted a name." }] };
  }
  const told = typeof description === "string" ? { description } : {};
  return { kind: "strategy", strategy: buildStrategy({ name, ...told }) };
}
