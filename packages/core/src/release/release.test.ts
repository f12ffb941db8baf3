import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../json.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { ModelContent } from "./component.ts";
import { createComponent } from "./component.ts";
import { assessModelPin } from "./pin.ts";
import { diffReleases } from "./release-diff.ts";
import type { ReleaseComponents } from "./release.ts";
import { createRelease, parseReleaseId, promptIdentity, withComponentOf } from "./release.ts";
import { sha256Hex } from "./sha256.ts";

const prompt = (label: string, content: string) =>
  createComponent({
    kind: "prompt",
    name: "system-prompt",
    label,
    content: { messages: [{ role: "system", content }], fewShot: [], variables: {} },
  });

const model = (parts: Partial<ModelContent> = {}, label = "v1") =>
  createComponent({
    kind: "model",
    name: "main",
    label,
    content: { provider: "openai", id: "gpt-4o-2024-11-20", parameters: {}, ...parts },
  });

const components = (parts: Partial<ReleaseComponents> = {}): ReleaseComponents => ({
  prompt: prompt("v1", "Be brief."),
  model: model(),
  index: null,
  guardrails: null,
  dataset: null,
  app: null,
  ...parts,
});

const release = (parts: Partial<ReleaseComponents> = {}, number = 1) =>
  createRelease({ feature: "summary", number, components: components(parts) });

describe("sha256Hex", () => {
  test("is the platform's own", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        expect(sha256Hex(text)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
      }),
    );
  });

  test.each([0, 55, 56, 63, 64, 65, 119, 120, 100_000])("at a length of %d", (length) => {
    const text = "a".repeat(length);
    expect(sha256Hex(text)).toBe(createHash("sha256").update(text).digest("hex"));
  });

  test("a lone surrogate is hashed as U+FFFD", () => {
    expect(sha256Hex("a\ud800b")).toBe(sha256Hex("a\ufffdb"));
  });
});

describe("canonicalJson", () => {
  test.each([
    [{ b: 1, a: [true, null, "x"] }, '{"a":[true,null,"x"],"b":1}'],
    // RFC 8785, 3.2.3: sorted by UTF-16 code units, so that U+1F600 stands before U+FB33.
    [
      { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7 },
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
    ],
    // RFC 8785, 3.2.2.3 and appendix B.
    [
      [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 1e-27, -0, 1e21, 5e-324],
      "[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21,5e-324]",
    ],
    ['\u20ac$\u000f\nA\'B"\\\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
    [{}, "{}"],
    [[], "[]"],
  ] as [Json, string][])("%j", (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test("is JSON that means the same, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as Json);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value as Json))).toBe(text);
      }),
    );
  });

  test.each([Number.NaN, Infinity])("%d is refused", (value) => {
    expect(() => canonicalJson({ value })).toThrow(/finite/);
  });
});

/** The same data with its keys in the opposite order. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => reversed(item));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, item]) => [key, reversed(item as Json)]));
}

describe("digests", () => {
  test("the order of keys is irrelevant, and so is the label", () => {
    const one = model({ parameters: { temperature: 0, seed: 1 } }, "v1");
    const other = model({ parameters: { seed: 1, temperature: 0 } }, "v9");
    expect(other.digest).toBe(one.digest);
  });

  test("content, name and feature are part of it", () => {
    expect(prompt("v1", "a").digest).not.toBe(prompt("v1", "b").digest);
    const named = createComponent({ ...model(), name: "other" });
    expect(named.digest).not.toBe(model().digest);
    const elsewhere = createRelease({ feature: "other", number: 1, components: components() });
    expect(elsewhere.digest).not.toBe(release().digest);
  });

  test("the number is not part of a release's digest: the same parts are the same release", () => {
    expect(release({}, 2).digest).toBe(release({}, 1).digest);
    expect(release({ model: model({ parameters: { seed: 1 } }) }).digest).not.toBe(
      release().digest,
    );
  });

  test("a digest stays what it is over versions of this code", () => {
    expect(release().digest).toMatchInlineSnapshot(
      `"fbe0e2dcbc4ba4a8104c87186aa8a62b0ce0bf42225f60bcce75bedad0d11d19"`,
    );
  });
});

describe("names", () => {
  test("ids are parsed and refused in words", () => {
    expect(parseReleaseId("summary@14")).toEqual({
      id: "summary@14",
      feature: "summary",
      number: 14,
    });
    for (const text of ["summary", "summary@0", "Summary@1", "@1", "summary@1 "]) {
      expect(() => parseReleaseId(text)).toThrow(/discharge-summary@14/);
    }
  });

  test("the prompt's identity", () => {
    expect(promptIdentity(components())).toBe("system-prompt:v1:gpt-4o-2024-11-20");
  });

  test("one part taken from another release", () => {
    const other = components({ prompt: prompt("v2", "Be long."), model: model({}, "v2") });
    const mixed = withComponentOf(other, "prompt", components());
    expect([mixed.prompt.label, mixed.model.label]).toEqual(["v1", "v2"]);
  });
});

describe("diffReleases", () => {
  test("nothing differs", () => {
    expect(diffReleases(components(), components())).toEqual([]);
  });

  test("in words and in values", () => {
    const after = components({
      prompt: prompt("v2", "Be long."),
      model: model({ parameters: { temperature: 0.2 } }, "v2"),
    });
    const [promptChange, modelChange] = diffReleases(components(), after);
    expect(promptChange).toMatchObject({
      kind: "prompt",
      change: "changed",
      fields: [{ path: "messages[0].content", before: "Be brief.", after: "Be long." }],
      sentence: "The prompt system-prompt goes from v1 to v2: messages[0].content.",
    });
    expect(modelChange?.fields).toEqual([
      { path: "parameters.temperature", before: null, after: 0.2 },
    ]);
  });

  test("a part that comes, goes, or is another one", () => {
    const index = createComponent({
      kind: "index",
      name: "docs",
      label: "2026-11",
      content: { location: "x", settings: {} },
    });
    const sentences = (before: ReleaseComponents, after: ReleaseComponents) =>
      diffReleases(before, after).map((change) => change.sentence);
    expect(sentences(components(), components({ index }))).toEqual([
      "The index docs 2026-11 is new.",
    ]);
    expect(sentences(components({ index }), components())).toEqual([
      "The index docs 2026-11 is gone.",
    ]);
    const other = createComponent({ ...index, name: "wiki" });
    expect(sentences(components({ index }), components({ index: other }))).toEqual([
      "The index wiki goes from docs 2026-11 to 2026-11.",
    ]);
  });

  test("a key that every object inherits is compared as data", () => {
    const after = components({ model: model({ parameters: { constructor: "x" } }) });
    expect(diffReleases(components(), after)[0]?.fields).toEqual([
      { path: "parameters.constructor", before: null, after: "x" },
    ]);
  });

  test("each pair of different contents has a field that differs", () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(json, json, (one, other) => {
        const before = components({ model: model({ parameters: one as never }) });
        const after = components({ model: model({ parameters: other as never }) });
        const changes = diffReleases(before, after);
        expect(changes.length).toBe(before.model.digest === after.model.digest ? 0 : 1);
        for (const { fields } of changes) expect(fields.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe("assessModelPin", () => {
  const kind = (id: string, provider = "openai") => assessModelPin({ provider, id }).kind;

  test.each([
    "gpt-4o-2024-11-20",
    "claude-opus-4-20250514",
    "openai/gpt-4o-2024-11-20",
    "llama-3.3-70b",
    "constructor",
  ])("%s is pinned", (id) => {
    expect(kind(id)).toBe("pinned");
  });

  test.each([
    "gpt-4o",
    "openai/gpt-4o",
    "claude-3-5-sonnet-latest",
    "claude-3-5-sonnet",
    "latest",
    "llama3:latest",
  ])("%s moves", (id) => {
    expect(kind(id)).toBe("moving");
  });

  test("the pinned ids to choose from are named", () => {
    expect(assessModelPin({ provider: "openai", id: "gpt-4o" })).toMatchObject({
      candidates: ["gpt-4o-2024-11-20", "gpt-4o-2024-08-06", "gpt-4o-2024-05-13"],
    });
    expect(assessModelPin({ provider: "x", id: "thing-latest" })).toMatchObject({ candidates: [] });
  });

  test("a recording cannot move", () => {
    expect(kind("gpt-4o", "recorded")).toBe("pinned");
  });
});
