import { createReadStream } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import type { FastifyReply } from "fastify";
import { DOCUMENTATION } from "../../http/problem.ts";
import { PAGE_HEADERS } from "./security-headers.ts";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

type StaticFile = { readonly path: string; readonly bytes: number; readonly isHashed: boolean };

/** The file of a URL path below the folder, links followed; null for whatever is not one. */
export async function findStaticFile(folder: string, urlPath: string): Promise<StaticFile | null> {
  const relative = decoded(urlPath);
  if (relative === null) return null;
  const wanted = relative === "/" ? "/index.html" : relative;
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, wanted));
    if (!path.startsWith(root + sep)) return null;
    const found = await stat(path);
    const isHashed = wanted.startsWith("/assets/");
    return found.isFile() ? { path, bytes: found.size, isHashed } : null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Null for anything that could mean a place outside, on any system. */
function decoded(urlPath: string): string | null {
  try {
    const path = decodeURIComponent(urlPath);
    const parts = path.split("/");
    const isPlain = !/[\0\\]/.test(path) && !parts.some((part) => part.startsWith("."));
    return path.startsWith("/") && isPlain ? path : null;
  } catch {
    // Percent signs that encode nothing name no file.
    return null;
  }
}

const ABSENT = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "EACCES", "ELOOP"]);

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && ABSENT.has(String(error.code));

/** A route of the page may hold a label such as "v3.2"; a missing file is not answered with a page. */
export function isPagePath(urlPath: string): boolean {
  if (urlPath.startsWith("/assets/") || urlPath.includes("/.")) return false;
  return CONTENT_TYPES[extname(urlPath)] === undefined;
}

export function sendStaticFile(reply: FastifyReply, file: StaticFile): FastifyReply {
  const cache = file.isHashed ? "public, max-age=31536000, immutable" : "no-cache";
  return reply
    .code(200)
    .headers({ ...PAGE_HEADERS, "cache-control": cache, "content-length": file.bytes })
    .type(CONTENT_TYPES[extname(file.path)] ?? "application/octet-stream")
    .send(createReadStream(file.path));
}

/** Where the `type` of a problem points to. */
export const isErrorDocument = (urlPath: string): boolean => urlPath === DOCUMENTATION;

const ERROR_DOCUMENT = new URL(`../../../../..${DOCUMENTATION}`, import.meta.url);

/** The list of error codes: as a page for whoever asks for one, so that `#code` leads to it, else as written. */
export async function sendErrorDocument(
  reply: FastifyReply,
  accept: string | undefined,
): Promise<FastifyReply> {
  const markdown = await readFile(ERROR_DOCUMENT, "utf8");
  const isPage = accept?.includes("text/html") === true;
  return reply
    .code(200)
    .headers({ ...PAGE_HEADERS, "cache-control": "no-cache", vary: "accept" })
    .type(isPage ? CONTENT_TYPES[".html"]! : "text/markdown; charset=utf-8")
    .send(isPage ? errorPage(markdown) : markdown);
}

/** Headings, paragraphs, and the rest as it is written: all that the document has. */
function errorPage(markdown: string): string {
  const blocks = markdown.trim().split(/\n{2,}/);
  const body = blocks.map((block) => {
    const [, marks, title] = /^(#{1,2}) (.+)$/.exec(block) ?? [];
    if (marks !== undefined && title !== undefined) {
      return `<h${marks.length}>${escaped(title)}</h${marks.length}>`;
    }
    if (/^(```|\|)/.test(block)) return `<pre>${escaped(block.replace(/^```.*\n?/gm, ""))}</pre>`;
    const [, anchor, text = block] = /^<a id="([\w-]+)"><\/a>([^]*)$/.exec(block) ?? [];
    return `<p${anchor === undefined ? "" : ` id="${anchor}"`}>${escaped(text)}</p>`;
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8" /><title>Errors of Spillway</title></head>
<body>
${body.join("\n")}
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Shown instead of the dashboard while it is not built; the API works all the same. */
export function sendNotBuilt(reply: FastifyReply): FastifyReply {
  return reply
    .code(503)
    .headers({ ...PAGE_HEADERS, "cache-control": "no-store" })
    .type("text/html; charset=utf-8")
    .send(NOT_BUILT_PAGE);
}

const NOT_BUILT_PAGE = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Spillway</title></head>
  <body>
    <h1>The dashboard is not built</h1>
    <p>Build it, then load this page again:</p>
    <pre>npm run build --workspace @spillway/dashboard</pre>
    <p>
      The control API works without it: <a href="/healthz">health</a>,
      <a href="/openapi.json">OpenAPI document</a>, and the command line: <code>spillway status</code>.
    </p>
  </body>
</html>
`;
