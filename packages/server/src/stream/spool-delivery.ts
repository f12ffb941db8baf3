import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "@spillway/core";
import { AppError, isJsonObject } from "@spillway/core";
import type { Log, Receipt, Wall } from "../ports.ts";
import type { Position } from "./spool-segments.ts";
import {
  listSegments,
  readLines,
  removeSegment,
  savePosition,
  segmentPath,
} from "./spool-segments.ts";

/** Exchanges and feedback as they were spooled, each with its `id`. */
export type DeliverRecords = (
  records: readonly JsonObject[],
  signal: AbortSignal,
) => Promise<Receipt>;

export type DeliveryOptions = {
  readonly directory: string;
  readonly deliver: DeliverRecords;
  readonly start: Position;
  /** The segment that still grows, and how far. */
  readonly end: () => Position;
  readonly wall: Wall;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Resolves when there is something beyond the position, or at the close. */
  readonly untilBeyond: (position: Position) => Promise<void>;
  readonly onDelivered: (delivered: { readonly records: number; readonly bytes: number }) => void;
};

type Line = { readonly text: string; readonly record: JsonObject | null };

const BATCH_RECORDS = 500;
const FIRST_BACK_OFF_MS = 200;
const LONGEST_BACK_OFF_MS = 10_000;
const DEAD_LETTER_FILE = "dead-letter.jsonl";

/**
 * Sends what is spooled, in order and at least once. The position moves only after a receipt; a crash in
 * between sends the batch again, and the server counts it once by its ids.
 *
 *   receipt                          position moves; rejected ids go to the dead-letter file
 *   the server cannot be reached     same batch again, after a growing wait
 *   the server refuses the batch     smaller batches, until the one record is found that it refuses
 */
export async function runDelivery(options: DeliveryOptions): Promise<void> {
  const { signal } = options;
  let position = options.start;
  let batchRecords = BATCH_RECORDS;
  let failures = 0;
  while (!signal.aborted) {
    const found = await nextLines(options, position, batchRecords);
    position = found.next;
    if (found.lines.length === 0) {
      await options.untilBeyond(position);
      continue;
    }
    const outcome = await send(options, found.lines);
    if (outcome.kind !== "received") position = found.from;
    if (signal.aborted && outcome.kind !== "received") return;
    if (outcome.kind === "unreachable") {
      failures += 1;
      reportUnreachable(options.log, failures, outcome.cause);
      await pause(options, failures);
      continue;
    }
    if (outcome.kind === "refused" && found.lines.length > 1) {
      batchRecords = Math.ceil(found.lines.length / 2);
      continue;
    }
    if (failures > 0)
      options.log.info("Exchanges are delivered again", { afterFailures: failures });
    failures = 0;
    batchRecords = outcome.kind === "received" ? BATCH_RECORDS : 1;
    await bury(options, found.lines, outcome);
    position = found.next;
    await savePosition(options.directory, position);
    options.onDelivered({ records: found.lines.length, bytes: found.bytes });
  }
}

type Found = {
  readonly lines: readonly Line[];
  readonly from: Position;
  readonly next: Position;
  readonly bytes: number;
};

/** The next lines, over the ends of finished segments, which are removed. None: nothing is waiting. */
async function nextLines(
  options: DeliveryOptions,
  from: Position,
  maxLines: number,
): Promise<Found> {
  const { directory } = options;
  let position = from;
  for (;;) {
    const end = options.end();
    const isGrowing = position.segment >= end.segment;
    if (isGrowing && position.offset >= end.offset) return nothingAt(position);
    const segments = await listSegments(directory);
    const current = segments.find(({ segment }) => segment === position.segment);
    if (current !== undefined) {
      const endOffset = isGrowing ? end.offset : current.bytes;
      const path = segmentPath(directory, position.segment);
      const { lines, next } = await readLines(path, position, { endOffset, maxLines });
      if (lines.length > 0) {
        const bytes = next.offset - position.offset;
        return { lines: lines.map(parseLine), from: position, next, bytes };
      }
      if (isGrowing) return nothingAt(position);
      if (endOffset > position.offset) {
        // The promise of this record never resolved, so nobody was told that it is safe.
        options.log.warn("A torn last line of the spool was left out", { path });
        options.onDelivered({ records: 0, bytes: endOffset - position.offset });
      }
    }
    const following = segments.find(({ segment }) => segment > position.segment);
    position = { segment: following?.segment ?? end.segment, offset: 0 };
    await savePosition(directory, position);
    if (current !== undefined) await removeSegment(directory, current.segment);
  }
}

const nothingAt = (position: Position): Found => ({
  lines: [],
  from: position,
  next: position,
  bytes: 0,
});

type Outcome =
  | { readonly kind: "received"; readonly receipt: Receipt }
  | { readonly kind: "refused"; readonly cause: AppError }
  | { readonly kind: "unreachable"; readonly cause: unknown };

async function send(options: DeliveryOptions, lines: readonly Line[]): Promise<Outcome> {
  const records = lines.flatMap(({ record }) => (record === null ? [] : [record]));
  if (records.length === 0) {
    return { kind: "received", receipt: { accepted: 0, duplicates: 0, rejected: [] } };
  }
  try {
    return { kind: "received", receipt: await deliverOrStop(options, records) };
  } catch (cause) {
    const isRefused =
      cause instanceof AppError &&
      (cause.code === "invalid_request" || cause.code === "body_too_large");
    return isRefused ? { kind: "refused", cause } : { kind: "unreachable", cause };
  }
}

/** A delivery that does not look at its signal must not hold a close. */
function deliverOrStop(
  { deliver, signal }: DeliveryOptions,
  records: readonly JsonObject[],
): Promise<Receipt> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void deliver(records, signal)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** What can never be delivered is kept beside the spool for a person to look at. */
async function bury(
  options: DeliveryOptions,
  lines: readonly Line[],
  outcome: Exclude<Outcome, { kind: "unreachable" }>,
): Promise<void> {
  const reasons = reasonsOf(lines, outcome);
  const dead = lines.flatMap((line) => {
    const reason = line.record === null ? "not JSON" : reasons.get(idOf(line));
    return reason === undefined ? [] : [{ reason, line: line.text }];
  });
  if (dead.length === 0) return;
  const text = dead.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  await appendFile(join(options.directory, DEAD_LETTER_FILE), text);
  options.log.error("Exchanges were rejected and put into the dead-letter file", {
    count: dead.length,
    reason: dead[0]?.reason,
    file: DEAD_LETTER_FILE,
  });
}

function reasonsOf(
  lines: readonly Line[],
  outcome: Exclude<Outcome, { kind: "unreachable" }>,
): ReadonlyMap<string, string> {
  const rejected =
    outcome.kind === "received"
      ? outcome.receipt.rejected
      : lines.map((line) => ({
          id: idOf(line),
          message: outcome.cause.message,
        }));
  return new Map(rejected.map(({ id, message }) => [id, message]));
}

function idOf({ record }: Line): string {
  const id = record?.["id"];
  return typeof id === "string" ? id : "";
}

function parseLine(text: string): Line {
  try {
    const parsed: unknown = JSON.parse(text);
    return { text, record: isJsonObject(parsed) ? parsed : null };
  } catch {
    // A damaged disk: the line goes to the dead-letter file and the rest goes on.
    return { text, record: null };
  }
}

/** Once when it begins and then seldom: a control plane that is away is away for many tries. */
function reportUnreachable(log: Log, failures: number, cause: unknown): void {
  if (failures === 1 || failures % 100 === 0) {
    log.warn("Exchanges cannot be delivered; they are kept and sent later", {
      failures,
      error: cause,
    });
  }
}

async function pause(options: DeliveryOptions, failures: number): Promise<void> {
  const ceiling = Math.min(
    LONGEST_BACK_OFF_MS,
    FIRST_BACK_OFF_MS * 2 ** Math.min(failures - 1, 10),
  );
  const waitMs = ceiling * (0.5 + options.random() / 2);
  await options.wall.sleep(waitMs, options.signal).catch(() => undefined);
}
