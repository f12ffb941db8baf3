import fc from "fast-check";
import { expect, test } from "vitest";
import { shown } from "./shown.ts";

test.each([
  [undefined, "nothing"],
  [null, "null"],
  [7, "7"],
  [10n, "10"],
  ["text", '"text"'],
  [[1, 2], "a list of 2"],
  [{ a: 1, b: 2 }, "an object with a, b"],
  [{}, "an empty object"],
  ["x".repeat(100), `"${"x".repeat(56)}...`],
])("case %#: as %s", (found, words) => {
  expect(shown(found)).toBe(words);
});

test("whatever it is, it is short and does not throw", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  expect(shown(circular)).toBe("an object with self");
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (found) => {
      expect(shown(found).length).toBeLessThanOrEqual(80);
    }),
  );
});
