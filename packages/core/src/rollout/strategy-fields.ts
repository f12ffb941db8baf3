import type { JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import { shown } from "../shown.ts";
import { SLICES_MAX } from "./judged-slices.ts";
import type { StrategyProblem } from "./strategy.ts";
import { parseDurationSeconds } from "../duration.ts";
import { parseShareBps } from "./strategy-values.ts";

/** A value, or what would have been one. */
export type Parsed<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "wanted"; readonly wanted: string };

export type Parse<T> = (found: unknown) => Parsed<T>;

/** One object of the file, with where it stands and the list that its problems go to. */
export type Fields = {
  readonly object: JsonObject;
  readonly path: string;
  readonly problems: StrategyProblem[];
};

const value = <T>(parsed: T | null, wanted: string): Parsed<T> =>
  parsed === null ? { kind: "wanted", wanted } : { kind: "value", value: parsed };

export const duration: Parse<number> = (found) =>
  value(
    typeof found === "string" ? parseDurationSeconds(found) : null,
    "a duration such as 30s, 15m, 72h or 7d",
  );

const SHARE = "a share from 0% to 100% in steps of 0.01%, such as 10%";

export const share: Parse<number> = (found) =>
  value(typeof found === "string" ? parseShareBps(found) : null, SHARE);

export const shareOrShares: Parse<number | readonly number[]> = (found) => {
  if (!Array.isArray(found)) return share(found);
  const shares = found.map((one) => (typeof one === "string" ? parseShareBps(one) : null));
  const isList = shares.length > 0 && shares.length <= MAX_SHARES;
  const whole = shares.filter((one) => one !== null);
  return value(
    isList && whole.length === shares.length ? whole : null,
    `${SHARE}, or a list of 1 to ${MAX_SHARES} of them`,
  );
};

const MAX_SHARES = 20;

export const wholeNumber: Parse<number> = (found) => {
  const isWhole = typeof found === "number" && Number.isSafeInteger(found) && found >= 0;
  return value(isWhole ? found : null, "a whole number from 0 on");
};

/** Strictly between 0 and 1. */
export const probability: Parse<number> = (found) => {
  const isProbability = typeof found === "number" && found > 0 && found < 1;
  return value(isProbability ? found : null, "a number between 0 and 1, such as 0.05");
};

export const odds: Parse<number> = (found) => {
  const isOdds = typeof found === "number" && Number.isFinite(found) && found >= 1;
  return value(isOdds ? found : null, "a number from 1 on, such as 3");
};

export const text =
  (maxChars: number): Parse<string> =>
  (found) => {
    const isText = typeof found === "string" && found.trim() !== "" && found.length <= maxChars;
    return value(isText ? found.trim() : null, `a text of 1 to ${maxChars} characters`);
  };

/** A list of different texts. */
export const texts =
  (maxChars: number): Parse<readonly string[]> =>
  (found) => {
    const parse = text(maxChars);
    const parsed = (Array.isArray(found) ? found : []).flatMap((one) => {
      const of = parse(one);
      return of.kind === "value" ? [of.value] : [];
    });
    const isList =
      Array.isArray(found) && parsed.length === found.length && parsed.length <= MAX_TEXTS;
    const isDistinct = new Set(parsed).size === parsed.length;
    return value(
      isList && isDistinct && parsed.length > 0 ? parsed : null,
      `a list of 1 to ${MAX_TEXTS} different names`,
    );
  };

const MAX_TEXTS = 100;

/** Positive numbers by name: levels of metrics, in their units. */
export const levels: Parse<Readonly<Record<string, number>>> = (found) => {
  const entries = isJsonObject(found) ? Object.entries(found) : [];
  const isLevels = entries.every(([, level]) => isPositive(level));
  return value(
    isJsonObject(found) && isLevels ? (found as Readonly<Record<string, number>>) : null,
    "a positive number for each metric, such as { latency_p95: 900 }",
  );
};

const isPositive = (found: unknown): boolean =>
  typeof found === "number" && Number.isFinite(found) && found > 0;

/** "attribute=value", each once. */
export const sliceNames: Parse<readonly string[]> = (found) => {
  const names = Array.isArray(found) ? found : [];
  const areNames = names.every((name) => typeof name === "string" && /^[^=]+=.+$/.test(name));
  const isList = Array.isArray(found) && areNames && names.length <= SLICES_MAX;
  const isEachOnce = new Set(names).size === names.length;
  return value(
    isList && isEachOnce ? (names as readonly string[]) : null,
    `a list of at most ${SLICES_MAX} slices, each once, such as [document_type=invoice]`,
  );
};

export const choice =
  <T extends string>(options: readonly T[]): Parse<T> =>
  (found) =>
    value(options.find((option) => option === found) ?? null, `one of ${options.join(", ")}`);

/** The field's value; the fallback when it is not given (or null) or not what it should be. */
export function optional<T, F>(
  from: Fields,
  name: string,
  rule: { readonly parse: Parse<T>; readonly fallback: F },
): T | F {
  const found = Object.hasOwn(from.object, name) ? from.object[name] : undefined;
  if (found === undefined || found === null) return rule.fallback;
  const parsed = rule.parse(found);
  if (parsed.kind === "value") return parsed.value;
  report(from, name, `Found ${shown(found)}, wanted ${parsed.wanted}.`);
  return rule.fallback;
}

/** Null when it is not given or not what it should be, which is a problem either way. */
export function required<T>(from: Fields, name: string, parse: Parse<T>): T | null {
  const found = Object.hasOwn(from.object, name) ? from.object[name] : undefined;
  if (found !== undefined && found !== null) {
    return optional(from, name, { parse, fallback: null });
  }
  const wanted = parse(undefined);
  report(from, name, `Found nothing, wanted ${wanted.kind === "wanted" ? wanted.wanted : "it"}.`);
  return null;
}

/** The object under a name; null when it is not given. What is no object is a problem. */
export function nested(from: Fields, name: string): Fields | null {
  const found = Object.hasOwn(from.object, name) ? from.object[name] : undefined;
  if (found === undefined || found === null) return null;
  if (isJsonObject(found)) return { ...from, object: found, path: pathOf(from, name) };
  report(from, name, `Found ${shown(found)}, wanted fields with a name each.`);
  return null;
}

/** A key that nobody reads is a slip of the pen, and would silently not apply. */
export function refuseUnknown(from: Fields, known: readonly string[]): void {
  for (const name of Object.keys(from.object)) {
    if (!known.includes(name)) {
      report(from, name, `Found "${name}", wanted one of ${known.join(", ")}.`);
    }
  }
}

export function report(from: Fields, name: string, message: string): void {
  from.problems.push({ path: pathOf(from, name), message });
}

const pathOf = (from: Fields, name: string): string =>
  from.path === "" ? name : `${from.path}.${name}`;
