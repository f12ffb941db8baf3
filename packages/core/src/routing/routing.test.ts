import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { releaseId } from "../release/release.ts";
import type { AssignmentContext } from "./assign.ts";
import { assign, isShadowed, otherArm } from "./assign.ts";
import { bucketOf, fractional } from "./fractional.ts";
import { murmur3 } from "./murmur3.ts";
import type { FeatureRoute } from "./snapshot.ts";

type Vectors = {
  readonly vectors: readonly {
    readonly key: string;
    readonly hash: number;
    readonly weights: readonly (readonly [string, number])[];
    readonly expected: string;
  }[];
  readonly divergence: readonly { readonly key: string; readonly utf8_murmur3: number }[];
};

/** flagd's own test vectors are kept outside of this repository; see their "note" for provenance. */
function loadVectors(): Vectors | null {
  const name = "vectors/flagd-fractional.json";
  const given = process.env["SPILLWAY_SHARED_DIR"];
  const places = [
    ...(given === undefined ? [] : [`${given}/${name}`]),
    ...[5, 6].map((up) => new URL(`${"../".repeat(up)}shared/${name}`, import.meta.url).pathname),
  ];
  const found = places.find((place) => existsSync(place));
  return found === undefined ? null : (JSON.parse(readFileSync(found, "utf8")) as Vectors);
}

const vectors = loadVectors();

describe.skipIf(vectors === null)(
  "flagd fractional v2 vectors (skipped where they are absent)",
  () => {
    test("hash and variant", () => {
      expect(vectors?.vectors.length).toBeGreaterThan(0);
      for (const { key, hash, weights, expected } of vectors?.vectors ?? []) {
        expect({ key, hash: murmur3(key) }).toEqual({ key, hash });
        expect({ key, variant: fractional(key, weights) }).toEqual({ key, variant: expected });
      }
    });

    test("the hash is over UTF-8", () => {
      for (const { key, utf8_murmur3 } of vectors?.divergence ?? []) {
        expect({ key, hash: murmur3(key) }).toEqual({ key, hash: utf8_murmur3 });
      }
    });
  },
);

type RouteParts = Partial<FeatureRoute> & {
  readonly shareBps?: number;
  readonly shadowBps?: number;
  readonly stageKind?: string;
  readonly rings?: readonly string[];
};

const route = (parts: RouteParts = {}) => {
  const { shareBps = 1_000, shadowBps = 0, stageKind = "canary", rings = [], ...rest } = parts;
  const full: FeatureRoute = {
    key: "summary",
    title: "Summary",
    tier: 2,
    assignment: { unit: "user", attribute: null, onMissing: "error", salt: "salt" },
    rules: [],
    slices: [],
    fallback: null,
    slaLatencyMs: null,
    isKilled: false,
    baseline: releaseId("summary", 1),
    rollout: {
      rolloutId: "r1",
      candidate: releaseId("summary", 2),
      stageIndex: 0,
      stageKind,
      rings,
      shareBps,
      shadowBps,
      algorithm: "flagd-fractional-v2",
    },
    ...rest,
  };
  return full;
};

const context = (parts: Partial<AssignmentContext> = {}): AssignmentContext => ({
  requestId: "req-1",
  conversation: null,
  user: "ada",
  tenant: null,
  attributes: {},
  ...parts,
});

function assignmentOf(given: FeatureRoute, asked: AssignmentContext) {
  const outcome = assign(given, asked);
  if (outcome.kind !== "assigned") throw new Error(outcome.kind);
  return outcome.assignment;
}

const share = fc.integer({ min: 0, max: 10_000 });

describe("fractional", () => {
  test("bucketOf is the exact 64-bit product", () => {
    const hash = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(hash, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (h, total) => {
        expect(bucketOf(h, total)).toBe(Number((BigInt(h) * BigInt(total)) >> 32n));
      }),
    );
  });

  test.each([
    [[["a", 0]]],
    [[["a", 0.5]]],
    [[["a", 2 ** 31]]],
    [
      [
        ["a", 2 ** 31 - 1],
        ["b", 1],
      ],
    ],
    [[]],
  ] as [string, number][][][])("weights %j have no answer", (weights) => {
    expect(fractional("key", weights)).toBeNull();
  });
});

describe("assign", () => {
  test("is stable, and whoever is in at one share stays in at every larger one", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), share, share, (user, one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const atLow = assignmentOf(route({ shareBps: low }), context({ user }));
        const atHigh = assignmentOf(route({ shareBps: high }), context({ user }));
        expect(assignmentOf(route({ shareBps: low }), context({ user }))).toEqual(atLow);
        expect(atHigh.bucket).toBe(atLow.bucket);
        expect(atLow.arm === "candidate" && atHigh.arm === "baseline").toBe(false);
        expect(atLow.arm === "candidate").toBe((atLow.bucket ?? 0) < low);
      }),
    );
  });

  test("0% is nobody and 100% is everybody", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (user) => {
        expect(assignmentOf(route({ shareBps: 0 }), context({ user })).arm).toBe("baseline");
        expect(assignmentOf(route({ shareBps: 10_000 }), context({ user })).arm).toBe("candidate");
      }),
    );
  });

  test.each([1, 100, 1_000, 2_500, 5_000, 9_900])("the share at %d bps is met", (shareBps) => {
    const keys = 20_000;
    let candidates = 0;
    const given = route({ shareBps });
    for (let index = 0; index < keys; index++) {
      const { arm } = assignmentOf(given, context({ user: `user-${index}` }));
      if (arm === "candidate") candidates += 1;
    }
    const p = shareBps / 10_000;
    const standardError = Math.sqrt((p * (1 - p)) / keys);
    expect(Math.abs(candidates / keys - p)).toBeLessThanOrEqual(3 * standardError);
  });

  test("another salt is another draw", () => {
    const salted = route({
      assignment: { unit: "user", attribute: null, onMissing: "error", salt: "other" },
    });
    const differ = Array.from({ length: 100 }, (_, index) => {
      const asked = context({ user: `user-${index}` });
      return assignmentOf(route(), asked).bucket !== assignmentOf(salted, asked).bucket;
    });
    expect(differ.filter(Boolean).length).toBeGreaterThan(90);
  });

  test("the kill switch gives everyone the baseline, pinned ones too, and shadows nothing", () => {
    const rules = [{ attribute: "user", values: ["ada"], arm: "candidate" as const }];
    const killed = route({ isKilled: true, shareBps: 10_000, shadowBps: 10_000, rules });
    expect(assignmentOf(killed, context())).toMatchObject({
      arm: "baseline",
      reason: "killed",
      isRandomised: false,
      bucket: null,
    });
    expect(isShadowed(killed, "req-1")).toBe(false);
  });

  test("without a rollout it is the baseline, and no evidence", () => {
    expect(assignmentOf(route({ rollout: null }), context())).toMatchObject({
      arm: "baseline",
      reason: "no_rollout",
      isRandomised: false,
    });
  });

  test.each([
    [{ attribute: "user", values: ["ada"] }, context(), true],
    [{ attribute: "tenant", values: ["acme"] }, context({ tenant: "acme" }), true],
    [{ attribute: "conversation", values: ["c"] }, context({ conversation: "c" }), true],
    [{ attribute: "ring", values: ["beta"] }, context({ attributes: { ring: "beta" } }), true],
    [{ attribute: "ring", values: ["beta"] }, context({ attributes: { ring: "all" } }), false],
    [{ attribute: "constructor", values: ["beta"] }, context(), false],
  ])("rule %j, case %#", (rule, asked, isPinned) => {
    const pinned = route({
      shareBps: 0,
      stageKind: "staging",
      rules: [{ ...rule, arm: "candidate" }],
    });
    expect(assignmentOf(pinned, asked)).toMatchObject({
      arm: isPinned ? "candidate" : "baseline",
      reason: isPinned ? "rule" : "split",
      isRandomised: !isPinned,
    });
  });

  test.each(["evaluate", "shadow"])("no rule shows the candidate in %s", (stageKind) => {
    const rules = [{ attribute: "user", values: ["ada"], arm: "candidate" as const }];
    const rings = [{ ...rules[0]!, ring: "beta" }];
    for (const [given, reason] of [
      [rules, "rule"],
      [rings, "ring"],
    ] as const) {
      const quiet = route({ shareBps: 0, stageKind, rings: ["beta"], rules: given });
      expect(assignmentOf(quiet, context())).toMatchObject({
        arm: "baseline",
        reason,
        isRandomised: false,
      });
    }
  });

  test("the first rule that fits wins", () => {
    const rules = [
      { attribute: "user", values: ["ada"], arm: "baseline" as const },
      { attribute: "user", values: ["ada"], arm: "candidate" as const },
    ];
    expect(assignmentOf(route({ shareBps: 10_000, rules }), context()).arm).toBe("baseline");
  });

  describe.each([null, ""])("a missing unit (%j)", (user) => {
    const missing = (onMissing: "error" | "request" | "baseline") =>
      route({
        shareBps: 10_000,
        assignment: { unit: "user", attribute: null, onMissing, salt: "salt" },
      });

    test("error", () => {
      const outcome = assign(missing("error"), context({ user }));
      expect(outcome).toEqual({ kind: "unit_missing", unit: "user" });
      const quiet = { ...missing("error"), rollout: null };
      expect(assign(quiet, context({ user })).kind).toBe("unit_missing");
    });

    test("request: assigned one by one, and no evidence", () => {
      expect(assignmentOf(missing("request"), context({ user }))).toMatchObject({
        arm: "candidate",
        unit: "req-1",
        reason: "unit_missing",
        isRandomised: false,
      });
    });

    test("baseline", () => {
      expect(assignmentOf(missing("baseline"), context({ user }))).toMatchObject({
        arm: "baseline",
        reason: "unit_missing",
        isRandomised: false,
      });
    });
  });

  test("each unit is hashed by its own value", () => {
    const asked = context({
      conversation: "c",
      user: "u",
      tenant: "t",
      attributes: { clinic: "k" },
    });
    const unit = (name: FeatureRoute["assignment"]["unit"]) =>
      assignmentOf(
        route({ assignment: { unit: name, attribute: "clinic", onMissing: "error", salt: "" } }),
        asked,
      ).unit;
    const units = ["request", "conversation", "user", "tenant", "attribute"] as const;
    expect(units.map(unit)).toEqual(["req-1", "c", "u", "t", "k"]);
  });

  test("an attribute that is not there is named", () => {
    const given = route({
      assignment: { unit: "attribute", attribute: "constructor", onMissing: "error", salt: "" },
    });
    expect(assign(given, context())).toEqual({ kind: "unit_missing", unit: "constructor" });
  });
});

describe("isShadowed", () => {
  test("samples its share, independently of the arm", () => {
    const given = route({ shareBps: 5_000, shadowBps: 5_000 });
    const counts = { candidate: [0, 0], baseline: [0, 0] };
    for (let index = 0; index < 20_000; index++) {
      const requestId = `req-${index}`;
      const { arm } = assignmentOf(given, context({ user: requestId, requestId }));
      const cell = counts[arm];
      cell[isShadowed(given, requestId) ? 0 : 1]! += 1;
    }
    for (const [shadowed = 0, plain = 0] of Object.values(counts)) {
      const n = shadowed + plain;
      expect(Math.abs(shadowed / n - 0.5)).toBeLessThanOrEqual(3 * Math.sqrt(0.25 / n));
    }
  });

  test("all, none, and the other arm", () => {
    expect(isShadowed(route({ shadowBps: 10_000 }), "r")).toBe(true);
    expect(isShadowed(route({ shadowBps: 0 }), "r")).toBe(false);
    expect(isShadowed(route({ rollout: null }), "r")).toBe(false);
    expect([otherArm("baseline"), otherArm("candidate")]).toEqual(["candidate", "baseline"]);
  });
});

describe("rings and units of a strategy", () => {
  const ringed = (rings: string[] | undefined, unit?: "user" | "tenant") => {
    const of = route({
      shareBps: 0,
      stageKind: "staging",
      assignment: { unit: "request", attribute: null, onMissing: "error", salt: "salt" },
      rules: [{ attribute: "tenant", values: ["acme"], arm: "candidate", ring: "beta" }],
    });
    const rollout = {
      ...of.rollout!,
      ...(rings === undefined ? {} : { rings }),
      ...(unit === undefined ? {} : { unit }),
    };
    return { ...of, rollout };
  };
  const from = (tenant: string, user: string | null = "ada"): AssignmentContext => ({
    requestId: "r1",
    conversation: null,
    user,
    tenant,
    attributes: {},
  });

  test("a ring's rule rests until the ring is served, and is never evidence", () => {
    const served = { arm: "candidate", reason: "ring", isRandomised: false };
    expect(assign(ringed(undefined), from("acme"))).toMatchObject({
      assignment: { arm: "baseline", reason: "split" },
    });
    expect(assign(ringed(["other"]), from("acme"))).toMatchObject({
      assignment: { reason: "split" },
    });
    expect(assign(ringed(["beta"]), from("acme"))).toMatchObject({ assignment: served });
    expect(assign(ringed(["beta"]), from("globex"))).toMatchObject({
      assignment: { arm: "baseline", reason: "split" },
    });
  });

  test("a strategy's unit takes the place of the feature's, and turns nobody away", () => {
    expect(assign(ringed(undefined, "user"), from("acme"))).toMatchObject({
      assignment: { unit: "ada", isRandomised: true },
    });
    expect(assign(ringed(undefined, "user"), from("acme", null))).toMatchObject({
      assignment: { arm: "baseline", reason: "unit_missing", isRandomised: false },
    });
  });
});
