import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { GATE_READERS } from "./testing/gate-readers.ts";
import { MIXTURE_READERS } from "./testing/mixture-readers.ts";
import type { Reader, Vector } from "./testing/reference-vectors.ts";
import { SEQUENCE_READERS } from "./testing/sequence-readers.ts";

const READERS: readonly Reader[] = [...GATE_READERS, ...MIXTURE_READERS, ...SEQUENCE_READERS];

const found = loadVectors();
const vectors = found ?? [];
const readersOf = (vector: Vector): readonly Reader[] =>
  READERS.filter(({ covers }) => covers.test(vector.function));

/** The vectors beside the repository or where SPILLWAY_SHARED_DIR says; null where there are none. */
function loadVectors(): readonly Vector[] | null {
  const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
  const given = process.env["SPILLWAY_SHARED_DIR"];
  const places = [given, join(repository, "../shared"), join(repository, "../../shared")];
  for (const place of places) {
    const file = place === undefined ? "" : join(place, "vectors/confidence-sequences.json");
    if (file === "" || !existsSync(file)) continue;
    const content = JSON.parse(readFileSync(file, "utf8")) as {
      readonly vectors: readonly Vector[];
    };
    return content.vectors;
  }
  return null;
}

/** Largest distance of any number in `actual` from `wanted`, in units of what is allowed. */
function worstDistance(actual: unknown, wanted: unknown, allowed: (n: number) => number): number {
  if (typeof wanted === "number") {
    return typeof actual === "number" ? Math.abs(actual - wanted) / allowed(wanted) : Infinity;
  }
  const [have, want] = [Object.entries(actual ?? {}), Object.entries(wanted ?? {})];
  if (have.length !== want.length || want.length === 0) return Infinity;
  const distances = want.map(([key, value]) =>
    worstDistance((actual as Record<string, unknown>)[key], value, allowed),
  );
  return Math.max(...distances);
}

describe.skipIf(found === null)(
  "reference vectors (skipped: no vectors/ beside the repository)",
  () => {
    for (const vector of vectors) {
      it(`${vector.id} ${vector.function.slice(0, 60)}`, () => {
        const actual = readersOf(vector)[0]?.read(vector.inputs as never, vector);
        const relative = (wanted: number): number =>
          vector.tol_rel * Math.max(1e-12, Math.abs(wanted));
        expect(worstDistance(actual, vector.expected, relative)).toBeLessThanOrEqual(1);
        if (vector.upstream_target === undefined) return;
        const absolute = (): number => vector.target_abs_tol ?? 0;
        expect(worstDistance(actual, vector.upstream_target, absolute)).toBeLessThanOrEqual(1);
      });
    }

    it("each id of the file is computed by exactly one reader, and no reader is left over", () => {
      const readerCounts = vectors.map((vector) => [vector.id, readersOf(vector).length]);
      expect(readerCounts.filter(([, count]) => count !== 1)).toEqual([]);
      // A file that has lost some would pass with those that are left.
      expect(vectors.length).toBeGreaterThanOrEqual(92);
      expect(new Set(vectors.map(({ id }) => id)).size).toBe(vectors.length);
      const unused = READERS.filter(
        ({ covers }) => !vectors.some((vector) => covers.test(vector.function)),
      );
      expect(unused.map(({ covers }) => String(covers))).toEqual([]);
    });
  },
);
