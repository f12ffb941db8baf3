import { AppError } from "@spillway/core";

/** Throws `invalid_request` saying where the text stops being JSON. Empty is no body. */
export function parseJson(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const where = placeOf(text, cause);
    throw new AppError("invalid_request", `The body is not JSON: it breaks at ${where}.`, {
      cause,
      details: { problems: [{ path: "", message: `JSON breaks at ${where}.` }] },
    });
  }
}

/** V8 says "at position 17" and sometimes "(line 2 column 5)"; an early end has neither. */
function placeOf(text: string, cause: unknown): string {
  const message = cause instanceof Error ? cause.message : "";
  const match = /at position ([0-9]+)/.exec(message);
  const isEarlyEnd = match === null && /end of JSON input|Unterminated/.test(message);
  const position = match === null ? (isEarlyEnd ? text.length : firstBreak(message, text)) : null;
  const at = position ?? Number(match?.[1] ?? text.length);
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  const what = at >= text.length ? "the end of the text" : `"${text.slice(at, at + 1)}"`;
  return `line ${line}, column ${column} (${what})`;
}

/** `Unexpected token 'x', ..."...` names the token only. */
function firstBreak(message: string, text: string): number {
  const token = /Unexpected token '(.)'/u.exec(message)?.[1];
  const found = token === undefined ? -1 : text.indexOf(token);
  return found < 0 ? 0 : found;
}
