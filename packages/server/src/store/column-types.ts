import { AppError } from "@spillway/core";
import pg from "pg";

type TypeParser = (text: string) => unknown;

/** Object ids of PostgreSQL's built-in types (pg_type.dat). */
const INT8 = 20;
const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;

/**
 * How columns become values. bigint is a number, because times are epoch milliseconds and counts
 * stay far below 2^53; a larger one is refused loudly rather than rounded. Dates stay text: the
 * schema has none, and a Date would carry this machine's time zone.
 */
const OWN_PARSERS: ReadonlyMap<number, TypeParser> = new Map<number, TypeParser>([
  [INT8, parseSafeInteger],
  [DATE, keepText],
  [TIMESTAMP, keepText],
  [TIMESTAMPTZ, keepText],
]);

export const columnTypes = {
  getTypeParser(oid: number, format?: "text" | "binary"): TypeParser {
    const own = format === "binary" ? undefined : OWN_PARSERS.get(oid);
    return own ?? pg.types.getTypeParser(oid, format ?? "text");
  },
};

function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new AppError(
    "internal",
    `The bigint ${text} does not fit a number exactly; cast it to text in the query.`,
  );
}

function keepText(text: string): string {
  return text;
}
