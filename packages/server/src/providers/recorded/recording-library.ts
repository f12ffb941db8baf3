import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import type { Json } from "@spillway/core";
import { canonicalJson, isJsonObject } from "@spillway/core";

/** One recorded answer; what its source did not record is null. */
export type Recording = {
  readonly itemId: string;
  readonly output: string | null;
  readonly latencyMs: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
};

export type LookupKey = {
  /** "<source>/<version>" */
  readonly modelId: string;
  readonly promptLabel: string;
  readonly itemId: string | null;
  readonly clientMessages: readonly Json[];
};

export type Lookup =
  | { readonly kind: "found"; readonly recording: Recording }
  | { readonly kind: "not_found"; readonly message: string };

export type RecordingLibrary = { readonly find: (key: LookupKey) => Promise<Lookup> };

/** A name of a file or folder, and nothing that could lead out of the directory. */
const SAFE_NAME = /^[A-Za-z0-9][\w.@+-]{0,199}$/;

/** Recordings of a few tens of megabytes each: enough for every arm of many rollouts at a time. */
const MAX_CACHED_FILES = 64;

type Items = ReadonlyMap<string, Recording>;

/**
 * Reads `inputs/<source>.jsonl[.gz]` and `outputs/<source>/<version>[+<promptLabel>].jsonl[.gz]` when
 * they are first asked for, and keeps them. An item is known by its id, else by its messages.
 */
export function createRecordingLibrary(directory: string): RecordingLibrary {
  const outputs = createFileCache<Items | null>(async (name) => {
    const path = await existing(join(directory, "outputs", name));
    return path === null ? null : readOutputs(path);
  });
  const inputs = createFileCache<ReadonlyMap<string, string> | null>(async (name) => {
    const path = await existing(join(directory, "inputs", name));
    return path === null ? null : readInputs(path);
  });

  async function outputsOf(source: string, version: string, label: string): Promise<Items | null> {
    const special = `${version}+${label}`;
    const own = SAFE_NAME.test(special) ? await outputs.get(`${source}/${special}`) : null;
    return own ?? (await outputs.get(`${source}/${version}`));
  }

  async function itemIdOf(source: string, key: LookupKey): Promise<string | null> {
    if (key.itemId !== null) return key.itemId;
    return (await inputs.get(source))?.get(inputDigest(key.clientMessages)) ?? null;
  }

  async function find(key: LookupKey): Promise<Lookup> {
    const [source = "", version = "", ...rest] = key.modelId.split("/");
    if (!isSafe(source) || !isSafe(version) || rest.length > 0) {
      return notFound(`"${key.modelId}" names no recording. Wanted <source>/<version>.`);
    }
    const items = await outputsOf(source, version, key.promptLabel);
    if (items === null)
      return notFound(`There is no file outputs/${source}/${version}.jsonl[.gz].`);
    const itemId = await itemIdOf(source, key);
    if (itemId === null) {
      const digest = inputDigest(key.clientMessages).slice(0, 12);
      return notFound(
        `No input of ${source} has these messages (${digest}…). Name it in \`metadata.item_id\`.`,
      );
    }
    const recording = items.get(itemId);
    if (recording === undefined) return notFound(`${key.modelId} has no answer to "${itemId}".`);
    return { kind: "found", recording };
  }

  return { find };
}

/** SHA-256 of the canonical JSON of a client's messages. */
export function inputDigest(messages: readonly Json[]): string {
  return createHash("sha256").update(canonicalJson(messages)).digest("hex");
}

const notFound = (message: string): Lookup => ({ kind: "not_found", message });

const isSafe = (name: string): boolean => SAFE_NAME.test(name) && !name.includes("..");

/** Loads each file once, also when many ask at the same time; the longest unused goes first. */
function createFileCache<T>(load: (name: string) => Promise<T>) {
  const files = new Map<string, Promise<T>>();

  function get(name: string): Promise<T> {
    const known = files.get(name);
    const file = known ?? load(name);
    files.delete(name);
    files.set(name, file);
    // A failed read is tried again by the next request.
    if (known === undefined) file.catch(() => files.delete(name));
    const oldest = files.keys().next().value;
    if (files.size > MAX_CACHED_FILES && oldest !== undefined) files.delete(oldest);
    return file;
  }

  return { get };
}

async function existing(path: string): Promise<string | null> {
  for (const candidate of [`${path}.jsonl`, `${path}.jsonl.gz`]) {
    const isThere = await access(candidate).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return null;
}

async function readOutputs(path: string): Promise<Items> {
  const items = new Map<string, Recording>();
  for await (const line of linesOf(path)) {
    const itemId = line["item_id"];
    if (typeof itemId === "string") items.set(itemId, recordingOf(itemId, line));
  }
  return items;
}

async function readInputs(path: string): Promise<ReadonlyMap<string, string>> {
  const items = new Map<string, string>();
  for await (const line of linesOf(path)) {
    const { item_id: itemId, messages } = line;
    if (typeof itemId !== "string" || !Array.isArray(messages)) continue;
    const digest = inputDigest(messages as Json[]);
    // The same question twice: the first one answers, so that it is always the same.
    if (!items.has(digest)) items.set(digest, itemId);
  }
  return items;
}

function recordingOf(itemId: string, line: Readonly<Record<string, unknown>>): Recording {
  return {
    itemId,
    output: typeof line["output"] === "string" ? line["output"] : null,
    latencyMs: numberOf(line["latency_ms"]),
    inputTokens: numberOf(line["in_tokens"]),
    outputTokens: numberOf(line["out_tokens"]),
  };
}

async function* linesOf(path: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const file = createReadStream(path);
  const input = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    if (text.trim() === "") continue;
    const parsed: unknown = JSON.parse(text);
    if (isJsonObject(parsed)) yield parsed;
  }
}

const numberOf = (found: unknown): number | null =>
  typeof found === "number" && Number.isFinite(found) && found >= 0 ? found : null;
