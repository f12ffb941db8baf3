import { AppError } from "@spillway/core";

/**
 * Cuts a stream of bytes into whole server-sent events, each with its own bytes as they came and the
 * blank line that ends it. Lines end in LF, CRLF or CR; an event may be cut anywhere between two
 * chunks, also inside a UTF-8 sequence, because nothing is decoded before it is whole.
 */
export type EventSplitter = {
  readonly push: (chunk: Uint8Array) => readonly Buffer[];
  /** What is left when the stream ends: an event without its blank line, or nothing. */
  readonly end: () => Buffer | null;
};

/** A single event of a model's answer is a few kilobytes; images in tool output reach megabytes. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
const LF = 10;
const CR = 13;

export function createEventSplitter(maxEventBytes = MAX_EVENT_BYTES): EventSplitter {
  let rest: Buffer = Buffer.alloc(0);
  /** How far `rest` has been looked at, so that a long event is not read again with each chunk. */
  let scanned = 0;
  let isLineEmpty = true;

  /** Index after the line end at `at`, or -1 while a CR's LF may still come. */
  function afterLineEnd(bytes: Buffer, at: number): number {
    if (bytes[at] === LF) return at + 1;
    if (at + 1 >= bytes.length) return -1;
    return bytes[at + 1] === LF ? at + 2 : at + 1;
  }

  function push(chunk: Uint8Array): readonly Buffer[] {
    let bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const events: Buffer[] = [];
    let start = 0;
    let at = scanned;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      if (byte !== LF && byte !== CR) {
        isLineEmpty = false;
        at += 1;
        continue;
      }
      const next = afterLineEnd(bytes, at);
      if (next === -1) break;
      if (isLineEmpty) {
        events.push(bytes.subarray(start, next));
        start = next;
      }
      isLineEmpty = true;
      at = next;
    }
    bytes = bytes.subarray(start);
    if (bytes.length > maxEventBytes) {
      throw new AppError(
        "provider_failed",
        `One event of the stream has more than ${maxEventBytes} bytes.`,
      );
    }
    rest = bytes;
    scanned = at - start;
    return events;
  }

  return { push, end: () => (rest.length === 0 ? null : rest) };
}
