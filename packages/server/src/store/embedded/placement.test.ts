import { describe, expect, test } from "vitest";
import { decidePlacement } from "./cluster-location.ts";
import { restartDelayMs } from "./keep-embedded-postgres-running.ts";
import { decideRunAs } from "./run-as.ts";

const postgres = { name: "postgres", uid: 101, gid: 104 };
const nobody = { name: "nobody", uid: 65534, gid: 65534 };
const none = { postgres: null, spillway: null, nobody: null };

describe("decideRunAs", () => {
  test("an existing user postgres comes first", () => {
    const known = { ...none, postgres, nobody };
    expect(decideRunAs(known, true)).toEqual({ kind: "use", user: postgres });
  });

  test("a user is created before nobody is taken", () => {
    expect(decideRunAs({ ...none, nobody }, true)).toEqual({ kind: "create" });
    expect(decideRunAs({ ...none, nobody }, false)).toEqual({ kind: "use", user: nobody });
    expect(decideRunAs(none, false)).toEqual({ kind: "none" });
  });
});

describe("decidePlacement", () => {
  const blocked = { kind: "blocked", at: "/root" } as const;
  const fresh = { recordedParent: null, hasClusterInside: false, runAs: postgres };

  test("a folder that the user cannot enter sends a new cluster elsewhere and says why", () => {
    expect(decidePlacement({ ...fresh, reachability: blocked })).toEqual({
      kind: "elsewhere",
      reason: "user postgres cannot enter /root",
    });
  });

  test("a recorded place and an existing cluster stay where they are", () => {
    const recorded = { ...fresh, recordedParent: "/var/lib/spillway/x", reachability: blocked };
    expect(decidePlacement(recorded).kind).toBe("recorded");
    const inside = { ...fresh, hasClusterInside: true, reachability: blocked };
    expect(decidePlacement(inside).kind).toBe("inside");
  });
});

test("the pause between restarts grows and has an upper bound", () => {
  const delays = [1, 2, 3, 8, 50].map(restartDelayMs);
  expect(delays).toEqual([100, 200, 400, 10_000, 10_000]);
});
