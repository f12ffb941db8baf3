import { expect, it } from "vitest";
import { createPaint } from "./paint.ts";
import { printable } from "./printable.ts";
import { renderTable } from "./table.ts";

it("aligns by what is seen, whatever the colours and the alphabet", () => {
  const paint = createPaint(true);
  const table = renderTable(
    ["a", "b"],
    [
      [paint.red("✖ é"), "1"],
      ["long one", ""],
    ],
  );
  expect(printable(table, "remove")).toBe("a         b\n✖ é       1\nlong one");
});

it("keeps a row on its line", () => {
  expect(renderTable(["a", "b"], [["x\ny", "z"]])).toBe("a    b\nx y  z");
});

it("leaves no control character of somebody else's text to the terminal", () => {
  const evil = "\u001B[2J\u001B]52;c;eA==\u0007ok\r\u009B1A\n\tend \u001B[31mred";
  expect(printable(evil, "keep")).toBe("[2J]52;c;eA==ok1A\n\tend \u001B[31mred");
  expect(printable(evil, "remove")).toBe("[2J]52;c;eA==ok1A\n\tend red");
});
