import { expect, it } from "vitest";
import { parseServerSentEvents } from "./server-sent-events.ts";

async function eventsOf(...chunks: string[]): Promise<string[]> {
  const bytes = async function* () {
    for (const chunk of chunks) yield await Promise.resolve(new TextEncoder().encode(chunk));
  };
  const events: string[] = [];
  for await (const event of parseServerSentEvents(bytes())) events.push(event);
  return events;
}

it("joins data lines and leaves out comments and other fields", async () => {
  expect(await eventsOf(": hi\n\nid: 1\ndata: a\ndata:b\n\nevent: x\n\n")).toEqual(["a\nb"]);
});

it("reads events cut anywhere, with any line end", async () => {
  expect(await eventsOf("da", "ta: a\r", "\n\r\ndata: b\r\rdata: c\n", "\n")).toEqual([
    "a",
    "b",
    "c",
  ]);
});

it("drops an event that the connection cut", async () => {
  expect(await eventsOf("data: a\n\ndata: b\n")).toEqual(["a"]);
});

it("does not keep an endless line", async () => {
  await expect(eventsOf("data: " + "x".repeat(1_048_576))).rejects.toThrow("longer than");
});
