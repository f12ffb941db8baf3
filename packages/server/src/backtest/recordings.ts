import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { AppError, isJsonObject } from "@spillway/core";

/** One recorded answer of one version. Layout and meaning: docs/recordings.md. */
export type RecordedAnswer = {
  readonly itemId: string;
  readonly category: string;
  readonly output: string | null;
  /** 0..1, higher is better; null where the judge gave none. */
  readonly score: number | null;
  readonly latencyMs: number | null;
  readonly inputTokens?: number | null;
  readonly outputTokens?: number | null;
  readonly costUsd?: number | null;
  /** Whether the answer kept the demanded format; null where no format was demanded. */
  readonly isFormatValid?: boolean | null;
};

/** What the recording's own authors found when they compared the two versions, as `pairs.json` says it. */
export type PublishedVerdict = {
  readonly verdict: string;
  /** Categories that are worse by their own confidence interval, not corrected for their number. */
  readonly sliceRegressions: readonly string[];
};

/** A baseline version and a candidate version of one source, with their answers by item. */
export type RecordedPair = {
  readonly id: string;
  readonly source: string;
  readonly baselineVersion: string;
  readonly candidateVersion: string;
  readonly baseline: ReadonlyMap<string, RecordedAnswer>;
  readonly candidate: ReadonlyMap<string, RecordedAnswer>;
  /** Null where `pairs.json` does not know the pair, or gives it no verdict. */
  readonly published: PublishedVerdict | null;
};

/** "<source>:<baseline version>-><candidate version>". Throws `invalid_request` on anything else. */
function parsePairId(id: string): {
  readonly source: string;
  readonly baseline: string;
  readonly candidate: string;
} {
  const match = /^([\w.-]+):(.+)->(.+)$/.exec(id);
  if (match === null) {
    throw new AppError(
      "invalid_request",
      `"${id}" is not a pair. Wanted <source>:<baseline version>-><candidate version>.`,
    );
  }
  return { source: match[1]!, baseline: match[2]!, candidate: match[3]! };
}

/** A pair as `pairs.json` lists it; files, where named, are relative to the folder. */
type ListedPair = {
  readonly pair_id?: unknown;
  readonly source?: unknown;
  readonly baseline?: unknown;
  readonly candidate?: unknown;
  readonly baseline_file?: unknown;
  readonly candidate_file?: unknown;
  readonly overall?: unknown;
  readonly slice_regressions?: unknown;
};

/** The pairs that `pairs.json` lists, in its order. */
export async function listPairs(directory: string): Promise<readonly string[]> {
  const path = join(directory, "pairs.json");
  const listed = await readListedPairs(path);
  if (listed === null) {
    const message = `${path} is not there. Wanted a folder of recordings with a pairs.json, or --pair.`;
    throw new AppError("not_found", message);
  }
  return listed.map((entry) => String(entry.pair_id));
}

/** Every version that a listed pair starts from, beside itself: pairs without any change at all. */
export async function listSameVersionPairs(
  directory: string,
  pairIds: readonly string[],
): Promise<readonly string[]> {
  const listed = (await readListedPairs(join(directory, "pairs.json"))) ?? [];
  const byId = new Map(listed.map((entry) => [entry.pair_id, entry]));
  const same = pairIds.map((id) => {
    const entry = byId.get(id);
    const { source, baseline } = entry === undefined ? parsePairId(id) : namesOf(entry, id);
    return `${source}:${baseline}->${baseline}`;
  });
  return [...new Set(same)];
}

async function readListedPairs(path: string): Promise<readonly ListedPair[] | null> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return null;
  const parsed = parseJson(text, path);
  if (!Array.isArray(parsed)) {
    throw new AppError("invalid_request", `${path} holds no list. Wanted a list of pairs.`);
  }
  return parsed as readonly ListedPair[];
}

/** A pair by its id: as `pairs.json` lists it, else by the versions that the id itself names. */
export async function loadPair(directory: string, id: string): Promise<RecordedPair> {
  const listed = await readListedPairs(join(directory, "pairs.json"));
  const entry = listed?.find((one) => one.pair_id === id);
  const { source, baseline, candidate } =
    entry === undefined ? parsePairId(id) : namesOf(entry, id);
  const load = (version: string, file: unknown) =>
    loadAnswers(directory, { source, version, file });
  const baselineAnswers = await load(baseline, entry?.baseline_file);
  const candidateAnswers =
    candidate === baseline ? baselineAnswers : await load(candidate, entry?.candidate_file);
  return {
    id,
    source,
    baselineVersion: baseline,
    candidateVersion: candidate,
    baseline: baselineAnswers,
    candidate: candidateAnswers,
    published: entry === undefined ? null : publishedOf(entry),
  };
}

function publishedOf({ overall, slice_regressions }: ListedPair): PublishedVerdict | null {
  if (!isJsonObject(overall) || typeof overall["verdict"] !== "string") return null;
  const slices = Array.isArray(slice_regressions) ? slice_regressions : [];
  return { verdict: overall["verdict"], sliceRegressions: slices.map(String) };
}

function namesOf(entry: ListedPair, id: string): ReturnType<typeof parsePairId> {
  const { source, baseline, candidate } = entry;
  const isNamed =
    typeof source === "string" && typeof baseline === "string" && typeof candidate === "string";
  return isNamed ? { source, baseline, candidate } : parsePairId(id);
}

/** File names carry "_at_" where a version's name has "@"; both are looked for. */
async function loadAnswers(
  directory: string,
  of: { readonly source: string; readonly version: string; readonly file: unknown },
): Promise<ReadonlyMap<string, RecordedAnswer>> {
  const path =
    typeof of.file === "string" ? join(directory, of.file) : await answersPath(directory, of);
  const lines = (await readLines(path)).map((line, index) => parseAnswer(line, path, index + 1));
  return new Map(lines.map((answer) => [answer.itemId, answer]));
}

async function answersPath(
  directory: string,
  of: { readonly source: string; readonly version: string },
): Promise<string> {
  const folder = join(directory, "outputs", of.source);
  const files = await readdir(folder).catch((cause: unknown) => {
    throw new AppError("not_found", `There is no folder ${folder}.`, { cause });
  });
  const names = [of.version, of.version.replaceAll("@", "_at_")].flatMap((name) => [
    `${name}.jsonl.gz`,
    `${name}.jsonl`,
  ]);
  const file = names.find((name) => files.includes(name));
  if (file !== undefined) return join(folder, file);
  const found = files.map((name) => name.replace(/\.jsonl(\.gz)?$/, "")).join(", ");
  const message = `${of.source} has no version "${of.version}". It has ${found}.`;
  throw new AppError("not_found", message);
}

async function readLines(path: string): Promise<readonly string[]> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new AppError("not_found", `${path} cannot be read.`, { cause });
  });
  const text = path.endsWith(".gz")
    ? (await promisify(gunzip)(bytes)).toString()
    : bytes.toString();
  return text.split("\n").filter((line) => line.trim() !== "");
}

function parseAnswer(line: string, path: string, lineNumber: number): RecordedAnswer {
  const raw = parseJson(line, `${path}:${lineNumber}`) as Record<string, unknown>;
  if (typeof raw["item_id"] !== "string" && typeof raw["item_id"] !== "number") {
    throw new AppError("invalid_request", `${path}:${lineNumber} has no item_id.`);
  }
  const output = raw["output"] ?? raw["pred"];
  return {
    itemId: String(raw["item_id"]),
    category: typeof raw["category"] === "string" ? raw["category"] : "",
    output: typeof output === "string" ? output : null,
    score: numberOrNull(raw["score"]),
    latencyMs: numberOrNull(raw["latency_ms"]),
    inputTokens: numberOrNull(raw["in_tokens"]),
    outputTokens: numberOrNull(raw["out_tokens"]),
    costUsd: numberOrNull(raw["cost_usd"]),
    isFormatValid: typeof raw["format_ok"] === "boolean" ? raw["format_ok"] : null,
  };
}

const numberOrNull = (found: unknown): number | null => (typeof found === "number" ? found : null);

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("invalid_request", `${place} is not JSON.`, { cause });
  }
}
