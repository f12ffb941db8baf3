import {
  assessComponent,
  AppError,
  createComponent,
  createRelease,
  rolloutId,
  sha256Hex,
  type Component,
  type Exchange,
  type Role,
  type RolloutEvent,
  type Snapshot,
} from "../../core/src/index.ts";
import type {
  Change,
  ControlPorts,
  DecisionRecord,
  GatewayReport,
  RolloutView,
} from "../../server/src/control/control-ports.ts";
import type {
  ComponentSummary,
  FeatureRecord,
  KeyRecord,
  ReleaseSummary,
  StrategyRecord,
} from "../../server/src/ports/registry-records.ts";
import { fakeExchanges, fakeFeedback } from "./fake-exchanges.ts";
import { buildFeature, buildModel, buildPrompt, buildStrategy } from "./control-builders.ts";
import { INTACT_LEDGER } from "./intact-ledger.ts";

/** One thing of each kind in memory, and a record of what was asked to be changed. */
export type FakeControl = {
  readonly ports: ControlPorts;
  readonly acted: { id: string; event: Exclude<RolloutEvent, { kind: "revise" }> | Revised }[];
  readonly ingested: Exchange[];
  readonly gateways: GatewayReport[];
  readonly emit: (change: Change) => void;
  readonly subscribers: () => number;
  readonly secretOf: (role: Role) => string;
  /** Tests change what the ports answer by putting things here. */
  readonly state: {
    view: RolloutView;
    revision: number;
    failure: Error | null;
    keys: Map<string, KeyRecord>;
  };
};

type Revised = { readonly kind: "revise" } & Parameters<ControlPorts["rollouts"]["revise"]>[1];

export const GATEWAY_KEY_SECRET = "sw_gateway_fake";
export const NOW_MS = 1_800_000_000_000;

const provenance = { author: "ana", message: "", createdAtMs: NOW_MS };
const prompt = createComponent(buildPrompt("Be brief.")) as Component<"prompt">;
const model = createComponent(buildModel("gpt-4.1-2025-04-14")) as Component<"model">;
const release = createRelease({
  feature: "search",
  number: 1,
  components: { prompt, model, index: null, guardrails: null, dataset: null, app: null },
});

const summaryOf = ({ kind, name, label, digest }: Component): ComponentSummary => ({
  kind,
  name,
  label,
  digest,
  ...provenance,
});

export const RELEASE: ReleaseSummary = {
  id: release.id,
  feature: release.feature,
  number: 1,
  digest: release.digest,
  promptIdentity: "search-prompt:v1:gpt-4.1-2025-04-14",
  components: {
    prompt: summaryOf(prompt),
    model: summaryOf(model),
    index: null,
    guardrails: null,
    dataset: null,
    app: null,
  },
  ...provenance,
};

const FEATURE: FeatureRecord = {
  definition: buildFeature(),
  baseline: release.id,
  isKilled: false,
  activeRolloutId: "roll_1",
  createdAtMs: NOW_MS,
  updatedAtMs: NOW_MS,
};

const STRATEGY: StrategyRecord = {
  document: { name: "prompt-canary" },
  strategy: buildStrategy(),
  author: "ana",
  updatedAtMs: NOW_MS,
};

export function buildRolloutView(parts: Partial<RolloutView> = {}): RolloutView {
  return {
    rollout: {
      id: rolloutId("roll_1"),
      feature: "search",
      tier: 3,
      baseline: release.id,
      candidate: release.id,
      strategy: buildStrategy(),
      algorithm: "test",
      author: "ana",
      createdAtMs: NOW_MS - 1_000_000,
      state: { kind: "progressing", stageIndex: 0, enteredAtMs: NOW_MS - 1_800_000 },
      approvals: [],
      version: 2,
    },
    strategyDocument: { name: "prompt-canary" },
    report: null,
    sentence: "canary gathers evidence.",
    unmet: [],
    exposures: [],
    shadowDrops: {},
    changes: [],
    updatedAtMs: NOW_MS,
    ...parts,
  };
}

export const DECISION: DecisionRecord = {
  id: "dec_1",
  rolloutId: "roll_1",
  feature: "search",
  version: 2,
  decision: "advance",
  fromState: "pending",
  toState: "progressing",
  stage: "canary",
  reason: "ana started it.",
  actor: "ana",
  atMs: NOW_MS,
  inputs: { nowMs: NOW_MS },
  outcome: { decision: "advance" },
  report: null,
  method: "none",
  snapshotRevision: 2,
};

const SNAPSHOT: Snapshot = {
  revision: 2,
  createdAtMs: NOW_MS,
  features: {},
  releases: {},
  keys: [{ id: "key_g", sha256: "abc", features: ["*"], expiresAtMs: null }],
};

const ROLES_MADE = ["viewer", "reviewer", "operator", "admin"] as const;

const secretOf = (role: Role): string => `sw_control_${role}`;

function fakeKeys(): Map<string, KeyRecord> {
  const shared = { features: [], createdAtMs: NOW_MS, expiresAtMs: null, revokedAtMs: null };
  const control = ROLES_MADE.map((role): [string, KeyRecord] => [
    sha256Hex(secretOf(role)),
    { ...shared, id: `key_${role}`, name: `${role} key`, scope: "control", role },
  ]);
  const gateway: KeyRecord = { ...shared, id: "key_g", name: "app", scope: "gateway", role: null };
  return new Map([...control, [sha256Hex(GATEWAY_KEY_SECRET), gateway]]);
}

export function createFakeControl(): FakeControl {
  const state: FakeControl["state"] = {
    view: buildRolloutView(),
    revision: 2,
    failure: null,
    keys: fakeKeys(),
  };
  const acted: FakeControl["acted"] = [];
  const ingested: Exchange[] = [];
  const gateways: GatewayReport[] = [];
  const callbacks = new Set<(change: Change) => void>();
  const ports: ControlPorts = {
    registry: fakeRegistry(state),
    keys: fakeKeyPort(state),
    rollouts: fakeRollouts(state, acted),
    ...fakeRecords(),
    snapshot: {
      current: async () =>
        state.revision === 0 ? null : { revision: state.revision, content: SNAPSHOT },
      newest: async () =>
        state.revision === 0
          ? null
          : { revision: state.revision, createdAtMs: SNAPSHOT.createdAtMs },
      revision: async () => state.revision,
    },
    gateways: {
      report: async (report) => void gateways.push(report),
      list: async () => gateways.map((report) => ({ ...report, lastSeenAtMs: NOW_MS })),
    },
    exchanges: fakeExchanges(ingested),
    feedback: fakeFeedback(),
    changes: {
      subscribe: (callback) => {
        callbacks.add(callback);
        return () => callbacks.delete(callback);
      },
    },
  };
  return {
    ports,
    acted,
    ingested,
    gateways,
    state,
    secretOf,
    emit: (change) => callbacks.forEach((callback) => callback(change)),
    subscribers: () => callbacks.size,
  };
}

/** What is read and never changed. */
function fakeRecords(): Pick<
  ControlPorts,
  "decisions" | "decisionFunctions" | "ledger" | "whoServed" | "traffic" | "health"
> {
  return {
    decisions: {
      list: async (id) => (id === "roll_1" ? { items: [DECISION], nextCursor: null } : null),
      get: async (id) => (id === DECISION.id ? DECISION : null),
    },
    decisionFunctions: {
      replayDecision: ({ outcome }) => ({
        agrees: true,
        stored: outcome,
        replayed: outcome,
        sentence: "The same again.",
      }),
      explainDecision: ({ reason }) => [reason],
    },
    ledger: {
      list: async () => ({
        items: [
          {
            seq: 1,
            atMs: NOW_MS,
            actor: "ana",
            action: "feature.created",
            subject: "search",
            body: {},
            previousHash: "",
            hash: "h1",
          },
        ],
        nextCursor: null,
      }),
      verify: async () => INTACT_LEDGER,
    },
    traffic: {
      ofFeature: async (feature) =>
        feature === "search" ? { requests: 2_400, windowHours: 24, requestsPerHour: 100 } : null,
    },
    whoServed: {
      whoServed: async ({ feature }) =>
        feature === "search"
          ? {
              baseline: release.id,
              candidate: null,
              setShareBps: 0,
              isKilled: false,
              served: [],
            }
          : null,
    },
    health: { database: async () => "ok" },
  };
}

function fakeRegistry(state: FakeControl["state"]): ControlPorts["registry"] {
  const page = <Item>(items: readonly Item[]) => ({ items, nextCursor: null });
  return {
    applyBundle: async (bundle) => ({
      changes: bundle.features.map(({ key }) => ({
        resource: "feature",
        name: key,
        change: "created",
        id: key,
      })),
      snapshotRevision: state.revision,
    }),
    listFeatures: async () => {
      if (state.failure !== null) throw state.failure;
      return [FEATURE];
    },
    loadFeature: async (key) => (key === "search" ? FEATURE : null),
    putFeature: async (definition) => ({
      change: "updated",
      record: { ...FEATURE, definition },
      isRouting: true,
    }),
    listComponents: async () => page([summaryOf(prompt)]),
    loadComponent: async (digest) =>
      digest === prompt.digest ? { ...prompt, ...provenance } : null,
    registerComponent: async (draft) => {
      const { unpinned } = assessComponent(draft);
      const problems = unpinned.map((each) => each.message).join(" ");
      if (problems !== "") {
        throw new AppError("unpinned_model", problems, { details: { problems: unpinned } });
      }
      return { change: "created", record: summaryOf(createComponent(draft)), isRouting: false };
    },
    listReleases: async () => page([RELEASE]),
    loadRelease: async (id) => (id === RELEASE.id ? RELEASE : null),
    loadReleaseComponents: async (id) => (id === RELEASE.id ? release.components : null),
    registerRelease: async () => ({ change: "created", record: RELEASE, isRouting: false }),
    listStrategies: async () => [STRATEGY],
    putStrategy: async (document) => ({
      change: "created",
      record: { ...STRATEGY, document },
      isRouting: false,
    }),
  };
}

function fakeKeyPort(state: FakeControl["state"]): ControlPorts["keys"] {
  const all = () => [...state.keys.values()];
  return {
    list: async () => all(),
    create: async (draft, change) => {
      const record = { ...draft, id: "key_new", createdAtMs: change.nowMs, revokedAtMs: null };
      return { key: record, secret: "shown once" };
    },
    revoke: async (id, change) => {
      const found = all().find((key) => key.id === id);
      return found === undefined ? null : { ...found, revokedAtMs: change.nowMs };
    },
    findBySha256: async (sha256) => state.keys.get(sha256) ?? null,
  };
}

function fakeRollouts(
  state: FakeControl["state"],
  acted: FakeControl["acted"],
): ControlPorts["rollouts"] {
  const moved = {
    kind: "moved",
    from: "search@2",
    to: release.id,
    decisionId: DECISION.id,
    snapshotRevision: 3,
    sentence: "search serves search@1 again.",
  } as const;
  return {
    create: async () => state.view,
    view: async (id) => (id === state.view.rollout.id ? state.view : null),
    list: async () => ({ items: [state.view], nextCursor: null }),
    act: async (id, event) => {
      if (id !== state.view.rollout.id) return { kind: "gone" };
      acted.push({ id, event });
      if (event.kind === "promote" && !event.override && state.view.unmet.length > 0) {
        return {
          kind: "refused",
          code: "requirements_unmet",
          reason: `${state.view.unmet.length} unmet.`,
          unmet: state.view.unmet,
        };
      }
      return { kind: "applied", view: state.view };
    },
    revise: async (id, revision) => {
      if (id !== state.view.rollout.id) return { kind: "gone" };
      acted.push({ id, event: { kind: "revise", ...revision } });
      return { kind: "applied", view: state.view };
    },
    rollbackFeature: async ({ feature }) => (feature === "search" ? moved : { kind: "gone" }),
    undoFeature: async ({ feature }) => (feature === "search" ? moved : { kind: "gone" }),
    setKilled: async ({ feature }) => ({ kind: feature === "search" ? "applied" : "gone" }),
    status: async (feature) =>
      feature === "search"
        ? { baseline: release.id, isKilled: false, rollout: state.view, recent: NO_TRAFFIC }
        : null,
  };
}

const NO_TRAFFIC = { calls: 0, failed: 0, fallbacks: 0 };
