import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { segmentPath } from "./spool-segments.ts";

/** Appends lines; those that come while a write is under way share the next one. */
export type SpoolWriter = {
  /** Resolves when write(2) has returned for the line: it survives a kill of this process. */
  readonly append: (line: Buffer) => Promise<void>;
  /** The segment that grows, and how far whole lines reach in it. */
  readonly end: () => { readonly segment: number; readonly offset: number };
  readonly close: () => Promise<void>;
};

export type SpoolWriterOptions = {
  readonly directory: string;
  readonly firstSegment: number;
  readonly segmentBytes: number;
  /** Told after each write, with what is now on disk. */
  readonly onWritten: (written: { readonly records: number; readonly bytes: number }) => void;
};

type Waiting = {
  readonly line: Buffer;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
};

export function createSpoolWriter(options: SpoolWriterOptions): SpoolWriter {
  let waiting: Waiting[] = [];
  let segment = options.firstSegment;
  let offset = 0;
  let file: FileHandle | null = null;
  let writing: Promise<void> | null = null;

  function append(line: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ line, resolve, reject });
      // Begins when this tick's arrivals are all here: one write for all of them.
      writing ??= Promise.resolve().then(writeAll);
    });
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      const progress = { written: 0 };
      try {
        await writeGroup(Buffer.concat(group.map(({ line }) => line)), progress);
        settle(group);
      } catch (cause) {
        // A disk that refuses one group may take the next; a torn line ends with its segment. Whole lines
        // that landed before the failure are on disk like any other, and will be delivered.
        await rotate();
        const landed = wholeLines(group, progress.written);
        settle(landed);
        for (const { reject } of group.slice(landed.length)) reject(cause);
      }
    }
    // In the same turn as the last look at `waiting`, so that no line falls in between.
    writing = null;
  }

  function settle(landed: readonly Waiting[]): void {
    options.onWritten({ records: landed.length, bytes: sizeOf(landed) });
    for (const { resolve } of landed) resolve();
  }

  async function writeGroup(bytes: Buffer, progress: { written: number }): Promise<void> {
    if (offset >= options.segmentBytes) await rotate();
    file ??= await open(segmentPath(options.directory, segment), "a");
    while (progress.written < bytes.length) {
      const { bytesWritten } = await file.write(bytes, progress.written);
      progress.written += bytesWritten;
    }
    offset += bytes.length;
  }

  async function rotate(): Promise<void> {
    await file?.close().catch(() => undefined);
    file = null;
    segment += 1;
    offset = 0;
  }

  async function close(): Promise<void> {
    await writing;
    await file?.close();
    file = null;
  }

  return { append, end: () => ({ segment, offset }), close };
}

const sizeOf = (group: readonly Waiting[]): number =>
  group.reduce((sum, { line }) => sum + line.length, 0);

/** Those of a group whose last byte is among the first `written`. */
function wholeLines(group: readonly Waiting[], written: number): readonly Waiting[] {
  let end = 0;
  return group.filter(({ line }) => {
    end += line.length;
    return end <= written;
  });
}
