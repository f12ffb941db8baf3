import fc from "fast-check";
import { expect, test } from "vitest";
import { diffLines, foldDiff } from "./line-diff.ts";
import { durationInWords, releaseBeside, share, visible } from "./words.ts";

test("both texts can be read out of their diff", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", "")).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const side = (left: "removed" | "added") =>
        lines
          .filter(({ kind }) => kind !== left)
          .map((line) => line.text)
          .join("\n");
      expect([side("added"), side("removed")]).toEqual([before, after]);
    }),
  );
});

test("marks the words that differ within a line that stays alike", () => {
  const [removed, added] = diffLines("Write at grade 8.", "Write at grade 6.");
  expect(removed?.words?.filter(({ kind }) => kind === "removed")).toEqual([
    { kind: "removed", text: "8" },
  ]);
  expect(added?.words?.filter(({ kind }) => kind === "added")).toEqual([
    { kind: "added", text: "6" },
  ]);
});

test("folds what does not change", () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index}`).join("\n");
  const rows = foldDiff(diffLines(before, before.replace("line 10", "other")), 1);
  expect(rows.map(({ kind }) => kind)).toEqual(["gap", "same", "removed", "added", "same", "gap"]);
});

test("text cannot hide or reverse itself", () => {
  expect(visible("pay\u202e001\u0007")).toBe("pay\u27e8U+202E\u27e9001\u27e8U+0007\u27e9");
  expect(visible("two\nlines\tand a tab")).toBe("two\nlines\tand a tab");
});

test.each([
  [0, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 minute"],
  [5_400_000, "1.5 hours"],
  [86_400_000 * 12.9, "12 days"],
])("%i ms last %s", (ms, words) => {
  expect(durationInWords(ms)).toBe(words);
});

test("a release is short beside its own feature and whole beside another", () => {
  expect(releaseBeside("faq@3", "faq")).toBe("@3");
  expect(releaseBeside("faq@3", "notes")).toBe("faq@3");
  expect(share(25)).toBe("0.25%");
});
