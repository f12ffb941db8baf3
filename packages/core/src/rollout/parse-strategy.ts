/**
 * Strategy files, already read from YAML or JSON into plain data:
 *
 *     strategy: clinical             # its name
 *     description: For tier 1.       # optional
 *     gate:                          # criteria by name, parsed by the function that is passed in
 *       quality: { hold: "-5%", rollback: "-10%" }
 *     confidence:                    # optional, each of them
 *       { alpha: 0.05, alphaBlock: 0.2, alphaPromote: 0.05, amberOdds: 3 }
 *     onInconclusive: hold           # extend, hold or rollback; also onNoData and onError;
 *                                    # for all stages, or in a stage for itself; hold by default
 *     personGrace: 24h               # how long an undecided rollout waits for a person
 *     unit: user                     # request, conversation, user or tenant: who keeps one arm; the
 *                                    # feature's own unit when left out
 *     expected: { latency_p95: 900 } # what the baseline usually shows, in the metric's unit
 *     slices: [language=de]          # what is judged by itself; else what the feature has shown
 *     undecidable: warn              # or refuse: what this feature's traffic cannot decide
 *     rehearsal:                     # optional, see rehearsal-bounds.ts
 *       { known_within: 30m, at: 2x, chance: 0.95, most_exposed: 500, false_rollback: 5% }
 *     stages:
 *       - stage: shadow              # evaluate, staging, shadow, canary, ramp or verify
 *         shadow: 100%               # share of requests copied; 100% in a shadow stage, else 0%
 *         least: { duration: 72h, observations: 1000, need: either }   # need: both by default
 *         most: 14d                  # then the gate's silence leads to what on... says
 *         prove: [quality]           # criteria to prove safe before it is left; all by default
 *         review: [divergence]       # criteria that hold it for a person and never take back
 *       - stage: staging
 *         ring: beta                 # whom the feature's rules of this name list: served from here on
 *       - stage: canary
 *         share: 10%                 # what the candidate answers; required for canary and ramp
 *         least: { duration: 24h, observations: 100 }
 *       - stage: ramp
 *         share: [25%, 50%, 100%]    # three stages: "ramp 25%", "ramp 50%", "ramp 100%"
 *         least: { duration: 24h }
 *       - stage: verify              # its share is 100%, that of all others 0%
 *         name: final week           # optional; the kind by default, with the share where a kind
 *                                    # stands more than once
 *         approval: reviewer         # reviewer, operator or admin must approve entering it
 *
 * Durations are 30s, 15m, 72h or 7d, shares percentages in steps of 0.01%. Unknown keys are problems.
 * What a list of shares shares with its stages, approval included, holds for each of them.
 */
import type { Criterion, GateConfidence, UndecidedAction } from "../gate/criterion.ts";
import { isJsonObject } from "../json.ts";
import { shown } from "../shown.ts";
import type { Stage, StageKind, Strategy, StrategyProblem } from "./strategy.ts";
import { parseRehearsalBounds } from "./rehearsal-bounds.ts";
import { percent, STAGE_KINDS, STRATEGY_UNITS } from "./strategy.ts";
import type { Fields, Parse } from "./strategy-fields.ts";
import {
  choice,
  duration,
  levels,
  sliceNames,
  nested,
  odds,
  optional,
  probability,
  refuseUnknown,
  report,
  required,
  share,
  shareOrShares,
  text,
  texts,
  wholeNumber,
} from "./strategy-fields.ts";

export type ParseStrategyPorts = {
  /** Knows the metrics. Its problems carry whole paths ("gate.quality.hold"). */
  readonly parseGate: (gate: unknown) => {
    readonly criteria?: readonly Criterion[];
    readonly problems?: readonly StrategyProblem[];
  };
  readonly defaultConfidence: GateConfidence;
};

export type StrategyOutcome =
  | { readonly kind: "strategy"; readonly strategy: Strategy }
  | { readonly kind: "problems"; readonly problems: readonly StrategyProblem[] };

const ACTION_KEYS = ["onInconclusive", "onNoData", "onError"] as const;

/** Every key of the language but those of criteria, by the object that it stands in. */
export const STRATEGY_KEYS = {
  strategy: [
    "strategy",
    "description",
    "gate",
    "confidence",
    "personGrace",
    "unit",
    "expected",
    "slices",
    "undecidable",
    "rehearsal",
    "stages",
    ...ACTION_KEYS,
  ],
  confidence: ["alpha", "alphaBlock", "alphaPromote", "amberOdds"],
  stage: [
    "stage",
    "name",
    "share",
    "shadow",
    "least",
    "most",
    "approval",
    "ring",
    "prove",
    "review",
    ...ACTION_KEYS,
  ],
  least: ["duration", "observations", "need"],
} as const satisfies Record<string, readonly string[]>;

const ACTIONS: readonly UndecidedAction[] = ["extend", "hold", "rollback"];
/** A day and a night: whoever is asked has been awake once. */
const DEFAULT_GRACE_SECONDS = 86_400;
const MAX_STAGES = 50;
const MAX_NAME_CHARS = 100;
const MAX_DESCRIPTION_CHARS = 2_000;

/**
 * A strategy from plain data, or all that is wrong with its writing. Whether it makes sense for a
 * feature is asked of `strategyProblems` afterwards.
 */
export function parseStrategy(source: unknown, ports: ParseStrategyPorts): StrategyOutcome {
  if (!isJsonObject(source)) {
    const message = `Found ${shown(source)}, wanted fields such as strategy, gate and stages.`;
    return { kind: "problems", problems: [{ path: "", message }] };
  }
  const problems: StrategyProblem[] = [];
  const from: Fields = { object: source, path: "", problems };
  refuseUnknown(from, STRATEGY_KEYS.strategy);
  const name = required(from, "strategy", text(MAX_NAME_CHARS)) ?? "";
  const description = { parse: text(MAX_DESCRIPTION_CHARS), fallback: "" };
  const gate = from.object["gate"] ?? null;
  // Without a gate there is nothing to parse; that there must be one is a rule about strategies.
  const { criteria = [], problems: gateProblems = [] } = gate === null ? {} : ports.parseGate(gate);
  problems.push(...gateProblems);
  const strategy: Strategy = {
    name,
    description: optional(from, "description", description),
    stages: parseStages(from),
    criteria: withOwnActions(criteria, gate),
    confidence: parseConfidence(from, ports.defaultConfidence),
    personGraceSeconds: optional(from, "personGrace", {
      parse: duration,
      fallback: DEFAULT_GRACE_SECONDS,
    }),
    ...parseGiven(from, {
      unit: choice(STRATEGY_UNITS),
      expected: levels,
      slices: sliceNames,
    }),
    ...parsePlanning(from),
  };
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "strategy", strategy };
}

/**
 * A criterion says for itself what its silence leads to only where the file says so. "extend" is what says
 * nothing: the strictest of stage and criterion acts.
 */
function withOwnActions(criteria: readonly Criterion[], gate: unknown): Criterion[] {
  const sources = isJsonObject(gate) ? gate : {};
  return criteria.map((criterion) => {
    const source = sources[criterion.id];
    const isGiven = (key: string): boolean => isJsonObject(source) && Object.hasOwn(source, key);
    return {
      ...criterion,
      onInconclusive: isGiven("on_inconclusive") ? criterion.onInconclusive : "extend",
      onNoData: isGiven("on_no_data") ? criterion.onNoData : "extend",
      onError: isGiven("on_error") ? criterion.onError : "extend",
    };
  });
}

function parseConfidence(from: Fields, defaults: GateConfidence): GateConfidence {
  const fields = nested(from, "confidence");
  if (fields === null) return defaults;
  refuseUnknown(fields, STRATEGY_KEYS.confidence);
  const level = (name: "alpha" | "alphaBlock" | "alphaPromote") =>
    optional(fields, name, { parse: probability, fallback: defaults[name] });
  return {
    alpha: level("alpha"),
    alphaBlock: level("alphaBlock"),
    alphaPromote: level("alphaPromote"),
    amberOdds: optional(fields, "amberOdds", { parse: odds, fallback: defaults.amberOdds }),
  };
}

/** Fields that are absent where the file gives none: their default is not a value of theirs. */
function parseGiven<T extends object>(
  from: Fields,
  parsers: { readonly [Name in keyof T & string]: Parse<T[Name]> },
): Partial<T> {
  const given: Partial<T> = {};
  for (const name of Object.keys(parsers) as (keyof T & string)[]) {
    const parsed = optional(from, name, { parse: parsers[name], fallback: null });
    if (parsed !== null) given[name] = parsed;
  }
  return given;
}

/** Left out where nothing is said, so that strategies from before these keys are what they were. */
function parsePlanning(from: Fields): Pick<Strategy, "rehearsal" | "undecidable"> {
  const rehearsal = parseRehearsalBounds(from);
  const parse = choice(["warn", "refuse"] as const);
  const undecidable = optional(from, "undecidable", { parse, fallback: "warn" });
  return {
    ...(rehearsal === null ? {} : { rehearsal }),
    ...(undecidable === "refuse" ? { undecidable } : {}),
  };
}

type UndecidedActions = Pick<Stage, (typeof ACTION_KEYS)[number]>;

function parseActions(from: Fields, fallback: UndecidedActions): UndecidedActions {
  const action = (name: (typeof ACTION_KEYS)[number]) =>
    optional(from, name, { parse: choice(ACTIONS), fallback: fallback[name] });
  return {
    onInconclusive: action("onInconclusive"),
    onNoData: action("onNoData"),
    onError: action("onError"),
  };
}

/** A stage whose name is still to be chosen where the file gives none. */
type Draft = Omit<Stage, "name"> & {
  readonly givenName: string | null;
  readonly isListed: boolean;
};

function parseStages(from: Fields): Stage[] {
  const found = from.object["stages"];
  if (!Array.isArray(found) || found.length > MAX_STAGES) {
    report(from, "stages", `Found ${shown(found)}, wanted a list of up to ${MAX_STAGES} stages.`);
    return [];
  }
  const actions = parseActions(from, {
    onInconclusive: "hold",
    onNoData: "hold",
    onError: "hold",
  });
  const drafts = found.flatMap((one: unknown, index) => {
    const path = `stages[${index}]`;
    if (isJsonObject(one)) return parseStage({ ...from, object: one, path }, actions);
    from.problems.push({ path, message: `Found ${shown(one)}, wanted fields such as stage.` });
    return [];
  });
  return drafts.map((draft) => named(draft, drafts));
}

function parseStage(from: Fields, actions: UndecidedActions): Draft[] {
  refuseUnknown(from, STRATEGY_KEYS.stage);
  const kind = required(from, "stage", choice(STAGE_KINDS));
  if (kind === null) return [];
  const shares = parseShares(from, kind);
  const approval = choice(["reviewer", "operator", "admin"] as const);
  const common = {
    kind,
    givenName: optional(from, "name", { parse: text(MAX_NAME_CHARS), fallback: null }),
    shadowBps: optional(from, "shadow", {
      parse: share,
      fallback: kind === "shadow" ? 10_000 : 0,
    }),
    least: parseLeast(from),
    mostSeconds: optional(from, "most", { parse: duration, fallback: null }),
    approval: optional(from, "approval", { parse: approval, fallback: null }),
    ...parseActions(from, actions),
    ...parseGiven(from, {
      ring: text(MAX_NAME_CHARS),
      prove: texts(MAX_NAME_CHARS),
      review: texts(MAX_NAME_CHARS),
    }),
  };
  return shares.bps.map((shareBps) => ({ ...common, shareBps, isListed: shares.isListed }));
}

function parseShares(
  from: Fields,
  kind: StageKind,
): { readonly bps: readonly number[]; readonly isListed: boolean } {
  const isRequired = kind === "canary" || kind === "ramp";
  const found = isRequired
    ? (required(from, "share", shareOrShares) ?? 0)
    : optional(from, "share", { parse: shareOrShares, fallback: kind === "verify" ? 10_000 : 0 });
  return typeof found === "number"
    ? { bps: [found], isListed: false }
    : { bps: found, isListed: true };
}

function parseLeast(from: Fields): Stage["least"] {
  const fields = nested(from, "least");
  if (fields === null) return { durationSeconds: 0, observations: 0, need: "both" };
  refuseUnknown(fields, STRATEGY_KEYS.least);
  const need = choice(["both", "either"] as const);
  return {
    durationSeconds: optional(fields, "duration", { parse: duration, fallback: 0 }),
    observations: optional(fields, "observations", { parse: wholeNumber, fallback: 0 }),
    need: optional(fields, "need", { parse: need, fallback: "both" as const }),
  };
}

/** The given name, else the kind; with the share where the kind alone would not tell stages apart. */
function named(draft: Draft, all: readonly Draft[]): Stage {
  const { givenName, isListed, ...stage } = draft;
  const isAlone = all.filter((other) => other.kind === stage.kind).length === 1;
  const base = givenName ?? stage.kind;
  const needsShare = isListed || (givenName === null && !isAlone);
  return { ...stage, name: needsShare ? `${base} ${percent(stage.shareBps)}` : base };
}
