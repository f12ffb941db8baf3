import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance } from "./edit-distance.ts";

describe("editDistance", () => {
  test.each([
    ["the patient was discharged", "the patient was discharged", 0],
    ["the patient  was\ndischarged ", "the patient was discharged", 0],
    ["the patient was discharged", "the patient was not discharged", 1 / 5],
    ["the patient was discharged", "The patient was discharged.", 2 / 4],
    ["kitten sitting on a mat", "kitten on the mat", 2 / 5],
    ["one two three", "", 1],
    ["", "one two three", 1],
    ["", " ", 0],
    ["a b c", "x y z", 1],
  ])("%j used as %j is %f", (before, after, expected) => {
    expect(editDistance(before, after)).toBeCloseTo(expected, 12);
  });

  const texts = fc
    .array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 })
    .map((words) => words.join(" "));

  test("is the same both ways, within 0 and 1, and 0 only for the same words", () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const distance = editDistance(before, after);
        expect(distance).toBe(editDistance(after, before));
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(distance).toBeLessThanOrEqual(1);
        expect(distance === 0).toBe(before === after);
      }),
    );
  });

  test("of texts that are too long for the table it is at most the same, and still not 0", () => {
    const words = (name: string) => Array.from({ length: 3_000 }, (_, at) => `${name}${at}`);
    const reversed = words("w").toReversed();
    expect(editDistance(words("w").join(" "), words("x").join(" "))).toBe(1);
    expect(editDistance(words("w").join(" "), [...reversed, "more"].join(" "))).toBeCloseTo(
      1 / 3_001,
      12,
    );
  });
});
