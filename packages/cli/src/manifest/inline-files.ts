import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse } from "yaml";
import { count } from "../render/numbers.ts";
import type { ManifestItem } from "./manifest-items.ts";
import { isRecord } from "./manifest-items.ts";
import type { PathInDocument } from "./yaml-documents.ts";

/** A referenced file cannot be used; `path` is of the reference in the item. */
export class InlineError extends Error {
  readonly path: PathInDocument;

  constructor(path: PathInDocument, message: string, cause?: unknown) {
    super(message, { cause });
    this.path = path;
  }
}

/** Above this the server would refuse the request, and the message would come late. */
const MAX_FILE_BYTES = 32 * 1_048_576;

/**
 * The item with the files it names in their places: `cases_file` of a dataset (one JSON object a line),
 * `content_file` of a component (YAML or JSON of its content, or the text of a single system message)
 * and `content_file` of a message (its text). Paths start from the folder of the YAML file.
 */
export async function inlineFiles(item: ManifestItem): Promise<unknown> {
  const { value, collection } = item;
  if (collection !== "components" || !isRecord(value)) return value;
  const { folder } = item.document;
  const { content_file: outer, ...component } = value;
  const given = component["content"];
  if (outer !== undefined) {
    const content = await readContent(folder, ["content_file"], outer);
    return { ...component, content: await inlineMessages(folder, content, []) };
  }
  if (!isRecord(given)) return component;
  if ("content_file" in given) {
    const path = ["content", "content_file"];
    return { ...component, content: await readContent(folder, path, given["content_file"]) };
  }
  if ("cases_file" in given) {
    const { cases_file: file, ...rest } = given;
    const cases = await readCases(folder, ["content", "cases_file"], file);
    return { ...component, content: { ...rest, cases } };
  }
  return { ...component, content: await inlineMessages(folder, given, ["content"]) };
}

async function inlineMessages(
  folder: string,
  content: unknown,
  path: PathInDocument,
): Promise<unknown> {
  if (!isRecord(content)) return content;
  const inlined: Record<string, unknown> = { ...content };
  for (const name of ["messages", "fewShot"]) {
    const messages = content[name];
    if (!Array.isArray(messages)) continue;
    inlined[name] = await Promise.all(
      messages.map(async (message: unknown, index) => {
        if (!isRecord(message) || !("content_file" in message)) return message;
        const { content_file: file, ...rest } = message;
        const text = await readText(folder, [...path, name, index, "content_file"], file);
        return { ...rest, content: text };
      }),
    );
  }
  return inlined;
}

async function readContent(folder: string, path: PathInDocument, file: unknown): Promise<unknown> {
  const text = await readText(folder, path, file);
  if (!/\.(ya?ml|json)$/.test(String(file))) {
    return { messages: [{ role: "system", content: text }] };
  }
  try {
    return parse(text) as unknown;
  } catch (cause) {
    throw new InlineError(path, `${String(file)} is not valid: ${(cause as Error).message}`, cause);
  }
}

async function readCases(folder: string, path: PathInDocument, file: unknown): Promise<unknown[]> {
  const text = await readText(folder, path, file);
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch (cause) {
      const message = `${String(file)}:${index + 1}: found a line that is not JSON (${(cause as Error).message}), wanted one case a line`;
      throw new InlineError(path, message, cause);
    }
  });
}

async function readText(folder: string, path: PathInDocument, file: unknown): Promise<string> {
  if (typeof file !== "string" || file === "") {
    throw new InlineError(path, `found ${JSON.stringify(file)}, wanted the path of a file`);
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(resolve(folder, file));
  } catch (cause) {
    throw new InlineError(path, `cannot read ${file}: ${(cause as Error).message}`, cause);
  }
  if (bytes.length > MAX_FILE_BYTES) {
    throw new InlineError(
      path,
      `${file} has ${count(bytes.length)} bytes, wanted at most ${count(MAX_FILE_BYTES)}; split it`,
    );
  }
  return bytes.toString("utf8");
}
