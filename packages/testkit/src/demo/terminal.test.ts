import { expect, test } from "vitest";
import { createTerminal, wrapped } from "./terminal.ts";

function written(columns: number): {
  lines: string[];
  terminal: ReturnType<typeof createTerminal>;
} {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(text.replace(/\n$/, ""));
  return { lines, terminal: createTerminal({ isTTY: false, columns, write }) };
}

test("long events are wrapped below their first word, without colours in a pipe", () => {
  const { lines, terminal } = written(40);
  terminal.event("fail", "+4.7 h", "Rolled back in shadow because the quality fell");
  expect(lines).toEqual([
    "     +4.7 h  ✖ Rolled back in shadow",
    "               because the quality fell",
  ]);
});

test("columns of a table stand below each other", () => {
  const { lines, terminal } = written(80);
  terminal.table(
    ["", "candidate"],
    [
      ["ok", "v3.2"],
      ["no", "v3.3, shadow first"],
    ],
  );
  expect(lines).toEqual(["      candidate", "  ok  v3.2", "  no  v3.3, shadow first"]);
});

test("a word longer than a line is not cut", () => {
  expect(wrapped("see http://127.0.0.1:4200/#key=abc now", 10)).toEqual([
    "see",
    "http://127.0.0.1:4200/#key=abc",
    "now",
  ]);
});
