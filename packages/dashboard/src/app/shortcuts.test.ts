import { SpillwayError } from "@spillway/sdk";
import { describe, expect, test } from "vitest";
import { clockAt } from "../control/clock.ts";
import { failureOf } from "../control/problem.ts";
import { mergeKeys, staleKeys } from "../control/stale-keys.ts";
import { shortcutOf } from "./shortcuts.ts";

const press = (key: string, more: Partial<Parameters<typeof shortcutOf>[0]> = {}) =>
  shortcutOf({
    key,
    previousKey: null,
    isTyping: false,
    isDialogOpen: false,
    hasModifier: false,
    areLettersOn: true,
    ...more,
  });

describe("shortcutOf", () => {
  test("moves between rows, opens help, goes to the board", () => {
    expect(press("j")).toEqual({ kind: "row", step: 1 });
    expect(press("?")).toEqual({ kind: "help" });
    expect(press("b", { previousKey: "g" })).toEqual({ kind: "go", to: "/" });
  });

  test("keeps out of text fields and dialogs, and can be switched off", () => {
    expect(press("j", { isTyping: true })).toBeNull();
    expect(press("Escape", { isDialogOpen: true })).toBeNull();
    expect(press("j", { areLettersOn: false })).toBeNull();
    expect(press("j", { hasModifier: true })).toBeNull();
  });

  test("no single key moves traffic", () => {
    const acts = "abcdefghijklmnopqrstuvwxyz0123456789".split("").map((key) => press(key)?.kind);
    expect(new Set(acts)).toEqual(new Set([undefined, "row", "wait_for_second"]));
  });
});

test("many changes of one moment are one round of fetching", () => {
  const event = { kind: "rollout" as const, rolloutId: "r1" };
  expect(mergeKeys([...staleKeys(event), ...staleKeys(event)])).toEqual([
    ["rollouts"],
    ["features"],
    ["ledger"],
    ["rollout", "r1"],
  ]);
});

test("the clock runs on at its own speed between answers", () => {
  const reading = { nowMs: 1_000, speed: 360, wallMs: 500 };
  expect(clockAt(reading, 1_500)).toEqual({ nowMs: 361_000, speed: 360 });
  expect(clockAt({ ...reading, speed: null }, 1_500)).toEqual({ nowMs: 1_000, speed: null });
});

test("a failure says what was found and lists what is unmet", () => {
  const error = new SpillwayError({
    code: "requirements_unmet",
    status: 409,
    title: "Requirements unmet",
    detail: "1 unmet.",
    unmet: [{ code: "gate", sentence: "There is no evidence yet." }],
  });
  expect(failureOf(error)).toMatchObject({
    title: "Requirements unmet",
    points: ["There is no evidence yet."],
    status: 409,
  });
  expect(failureOf(new TypeError("fetch failed"))).toMatchObject({
    title: "The control plane cannot be reached",
    status: null,
  });
});
