import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEventSplitter } from "./event-splitter.ts";

function split(text: string, cuts: readonly number[]): { events: string[]; rest: string } {
  const bytes = Buffer.from(text);
  const splitter = createEventSplitter();
  const events: string[] = [];
  let start = 0;
  for (const cut of [...cuts.map((at) => at % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  )) {
    events.push(...splitter.push(bytes.subarray(start, cut)).map(String));
    start = cut;
  }
  return { events, rest: String(splitter.end() ?? "") };
}

describe("the event splitter", () => {
  test.each([
    ["LF", "data: a\n\ndata: b\n\n"],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n"],
  ])("cuts at blank lines of %s and keeps every byte", (_, text) => {
    const { events, rest } = split(text, []);
    expect(events).toHaveLength(2);
    expect(events.join("") + rest).toBe(text);
  });

  test("lone CRs are line ends too", () => {
    const { events, rest } = split("data: a\r\rdata: b\r\r", []);
    expect(events[0]).toBe("data: a\r\r");
    expect(events.join("") + rest).toBe("data: a\r\rdata: b\r\r");
  });

  test("gives the same events wherever the chunks are cut, also inside a character", () => {
    const line = fc.constantFrom("data: é🌊", ": hb", "event: x", 'data: {"a":1}');
    const end = fc.constantFrom("\n", "\r\n");
    const events = fc.array(fc.tuple(fc.array(line, { minLength: 1, maxLength: 3 }), end), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(events, fc.array(fc.nat(), { maxLength: 8 }), (script, cuts) => {
        const texts = script.map(([lines, lf]) => `${lines.join(lf)}${lf}${lf}`);
        const found = split(`${texts.join("")}data: rest`, cuts);
        expect(found).toEqual({ events: texts, rest: "data: rest" });
      }),
    );
  });
});
