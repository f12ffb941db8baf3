import { mkdir, open, readdir, readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Files of a spool: `exchanges-<number>.jsonl`, appended to one at a time and removed from the front;
 * `delivered.json`, how far delivery has come. A segment is never appended to after a restart, so a
 * line torn by a crash is always the last of its file.
 */
export type Position = { readonly segment: number; readonly offset: number };

export type SegmentLines = {
  readonly lines: readonly string[];
  /** Where the next reading starts. */
  readonly next: Position;
};

const NAME = /^exchanges-(\d{10})\.jsonl$/;
const POSITION_FILE = "delivered.json";
const FIRST_READ_BYTES = 1024 * 1024;
const LF = 10;

export function segmentPath(directory: string, segment: number): string {
  return join(directory, `exchanges-${String(segment).padStart(10, "0")}.jsonl`);
}

/** The segments on disk, in order, with their sizes. */
export async function listSegments(
  directory: string,
): Promise<readonly { readonly segment: number; readonly bytes: number }[]> {
  await mkdir(directory, { recursive: true });
  const names = (await readdir(directory)).toSorted();
  const found = names.flatMap((name) => {
    const match = NAME.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return Promise.all(
    found.map(async (segment) => ({
      segment,
      bytes: (await stat(segmentPath(directory, segment))).size,
    })),
  );
}

export async function loadPosition(directory: string): Promise<Position | null> {
  try {
    const text = await readFile(join(directory, POSITION_FILE), "utf8");
    const parsed = JSON.parse(text) as Partial<Position>;
    const { segment, offset } = parsed;
    return typeof segment === "number" && typeof offset === "number" ? { segment, offset } : null;
  } catch {
    // No position, or an unreadable one: everything is sent again, and the server counts it once.
    return null;
  }
}

export async function savePosition(directory: string, position: Position): Promise<void> {
  const path = join(directory, POSITION_FILE);
  await writeFile(`${path}.new`, JSON.stringify(position));
  await rename(`${path}.new`, path);
}

export async function removeSegment(directory: string, segment: number): Promise<void> {
  await unlink(segmentPath(directory, segment)).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  });
}

/**
 * Whole lines from a position up to `endOffset`: at most `maxLines`, and no more bytes than one reading
 * takes, except for a line that is longer than that. No lines means that none is whole.
 */
export async function readLines(
  path: string,
  from: Position,
  most: { readonly endOffset: number; readonly maxLines: number },
): Promise<SegmentLines> {
  const file = await open(path, "r");
  try {
    for (let size = FIRST_READ_BYTES; ; size *= 2) {
      const wanted = Math.min(size, most.endOffset - from.offset);
      const buffer = Buffer.alloc(Math.max(0, wanted));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, from.offset);
      const found = splitLines(buffer.subarray(0, bytesRead), from, most.maxLines);
      if (found.lines.length > 0 || bytesRead < size) return found;
    }
  } finally {
    await file.close();
  }
}

function splitLines(bytes: Buffer, from: Position, maxLines: number): SegmentLines {
  const lines: string[] = [];
  let start = 0;
  while (lines.length < maxLines) {
    const end = bytes.indexOf(LF, start);
    if (end === -1) break;
    lines.push(bytes.toString("utf8", start, end));
    start = end + 1;
  }
  return { lines, next: { segment: from.segment, offset: from.offset + start } };
}
