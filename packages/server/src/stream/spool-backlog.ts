import type { Position } from "./spool-segments.ts";
import {
  listSegments,
  loadPosition,
  readLines,
  removeSegment,
  segmentPath,
} from "./spool-segments.ts";

type Amount = { readonly records: number; readonly bytes: number };

/** What is on disk from before: where delivery stopped, and how much is left. */
export type Inherited = Amount & { readonly start: Position; readonly nextSegment: number };

/** How much waits to be delivered, and who waits for that to change. */
export type SpoolBacklog = {
  readonly now: () => Amount;
  /** False when the bound does not allow it. What is reserved becomes written or is released. */
  readonly reserve: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
  readonly written: (amount: Amount) => void;
  readonly delivered: (amount: Amount) => void;
  readonly isEmpty: () => boolean;
  /** Resolves at the next change, or when woken. */
  readonly changed: () => Promise<void>;
  readonly wake: () => void;
};

export function createSpoolBacklog(start: Amount, maxBytes: number): SpoolBacklog {
  const wakers = new Set<() => void>();
  let { records, bytes } = start;
  let reserved = 0;

  function wake(): void {
    for (const tell of wakers) tell();
    wakers.clear();
  }

  return {
    now: () => ({ records, bytes }),
    reserve: (wanted) => {
      if (bytes + reserved + wanted > maxBytes) return false;
      reserved += wanted;
      return true;
    },
    release: (given) => {
      reserved -= given;
    },
    written: (amount) => {
      records += amount.records;
      bytes += amount.bytes;
      reserved -= amount.bytes;
      wake();
    },
    delivered: (amount) => {
      records -= amount.records;
      // The torn rest of a line that was refused was never counted as written.
      bytes = Math.max(0, bytes - amount.bytes);
      wake();
    },
    isEmpty: () => records === 0 && reserved === 0,
    changed: () => new Promise((resolve) => wakers.add(resolve)),
    wake,
  };
}

export async function inheritSpool(directory: string): Promise<Inherited> {
  const segments = await listSegments(directory);
  const saved = await loadPosition(directory);
  const first = segments[0]?.segment ?? 0;
  const last = segments.at(-1)?.segment ?? -1;
  const start = startOf(saved, { first, last });
  // Delivered to its end; the process was killed between noting that and removing it.
  for (const { segment } of segments.filter((file) => file.segment < start.segment)) {
    await removeSegment(directory, segment);
  }
  let records = 0;
  let bytes = 0;
  for (const file of segments.filter(({ segment }) => segment >= start.segment)) {
    const { segment } = file;
    const offset = segment === start.segment ? start.offset : 0;
    records += await countLines(directory, { segment, offset }, file.bytes);
    bytes += Math.max(0, file.bytes - offset);
  }
  return { records, bytes, start, nextSegment: Math.max(last + 1, start.segment) };
}

function startOf(
  saved: Position | null,
  { first, last }: { readonly first: number; readonly last: number },
): Position {
  // Before the first file: that segment has been delivered and removed.
  if (saved === null || saved.segment < first) return { segment: first, offset: 0 };
  // After the last: it was to be the next one, and nothing had been written to it.
  return saved.segment > last ? { segment: saved.segment, offset: 0 } : saved;
}

async function countLines(directory: string, from: Position, endOffset: number): Promise<number> {
  const path = segmentPath(directory, from.segment);
  let position = from;
  let count = 0;
  for (;;) {
    const { lines, next } = await readLines(path, position, { endOffset, maxLines: Infinity });
    if (lines.length === 0) return count;
    count += lines.length;
    position = next;
  }
}
