import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../json.ts";
import type { LedgerEntry } from "./entry.ts";
import { appendEntry, GENESIS_HASH } from "./entry.ts";
import { verifyLedger } from "./verify.ts";

function ledger(length: number, body: Json = { note: "n" }): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (let index = 0; index < length; index++) {
    const draft = { atMs: index, actor: "ada", action: "promote", subject: `r-${index}`, body };
    entries.push(appendEntry(entries.at(-1) ?? null, draft));
  }
  return entries;
}

const with5 = ledger(5);
const heads = with5.map(({ seq, hash }) => ({ seq, hash }));

describe("appendEntry", () => {
  test("starts from 64 zeros and links each entry to the one before", () => {
    expect(with5[0]).toMatchObject({ seq: 1, previousHash: GENESIS_HASH });
    expect(with5[1]).toMatchObject({ seq: 2, previousHash: with5[0]?.hash });
    expect(with5[0]?.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test("the order of keys and fields that a store adds do not matter", () => {
    const entries = ledger(1, { a: 1, b: { c: 2, d: 3 } });
    const stored = { rowId: 9, ...entries[0]!, body: { b: { d: 3, c: 2 }, a: 1 } };
    expect(verifyLedger([stored]).kind).toBe("ok");
  });
});

describe("verifyLedger", () => {
  test("a whole ledger, and an empty one", () => {
    expect(verifyLedger(with5)).toEqual({ kind: "ok", count: 5, head: heads[4] });
    expect(verifyLedger([])).toEqual({
      kind: "ok",
      count: 0,
      head: { seq: 0, hash: GENESIS_HASH },
    });
  });

  test("page by page", () => {
    const first = verifyLedger(with5.slice(0, 2));
    expect(first).toEqual({ kind: "ok", count: 2, head: heads[1] });
    const second = verifyLedger(with5.slice(2), { previous: heads[1]!, expectedHead: heads[4]! });
    expect(second).toEqual({ kind: "ok", count: 3, head: heads[4] });
  });

  test.each(["atMs", "actor", "action", "subject", "body"] as const)("a changed %s", (field) => {
    const changed = with5.map((entry) => (entry.seq === 3 ? { ...entry, [field]: 99 } : entry));
    expect(verifyLedger(changed as LedgerEntry[])).toMatchObject({
      kind: "broken",
      fault: "changed",
      seq: 3,
    });
  });

  test("an entry rewritten together with its hash is seen in the next one", () => {
    const rewritten = appendEntry(with5[1]!, { ...with5[2]!, actor: "eve" });
    const entries = with5.with(2, rewritten);
    expect(verifyLedger(entries)).toMatchObject({ fault: "changed", seq: 4 });
  });

  test("a tail rewritten whole is seen by a head kept elsewhere", () => {
    const tail: LedgerEntry[] = [];
    for (const entry of with5.slice(2)) {
      tail.push(appendEntry(tail.at(-1) ?? with5[1]!, { ...entry, actor: "eve" }));
    }
    const entries = [...with5.slice(0, 2), ...tail];
    expect(verifyLedger(entries).kind).toBe("ok");
    const checked = verifyLedger(entries, { expectedHead: heads[3]! });
    expect(checked).toMatchObject({ fault: "changed", seq: 4 });
    const page = verifyLedger(tail, { previous: heads[1]!, expectedHead: { seq: 2, hash: "x" } });
    expect(page).toMatchObject({ fault: "changed", seq: 2 });
  });

  test("a missing entry, and several", () => {
    expect(verifyLedger(with5.toSpliced(2, 1))).toMatchObject({ fault: "missing", seq: 3 });
    const found = verifyLedger(with5.toSpliced(1, 2));
    expect(found).toMatchObject({ fault: "missing", seq: 2 });
    expect(found.kind === "broken" && found.sentence).toBe(
      "Entries 2 to 3 are missing: entry 4 follows 1.",
    );
  });

  test("entries in another order, and one twice", () => {
    const swapped = [with5[0]!, with5[2]!, with5[1]!, with5[3]!, with5[4]!];
    expect(verifyLedger(swapped)).toMatchObject({ fault: "reordered", seq: 2 });
    expect(verifyLedger([with5[0]!, with5[0]!])).toMatchObject({ fault: "reordered", seq: 2 });
  });

  test("a cut end is seen only with an expected head", () => {
    expect(verifyLedger(with5.slice(0, 3)).kind).toBe("ok");
    expect(verifyLedger(with5.slice(0, 3), { expectedHead: heads[4]! })).toMatchObject({
      fault: "cut",
      seq: 4,
    });
  });

  test("a body that is no JSON is a change and not a crash", () => {
    const broken = with5.with(4, { ...with5[4]!, body: { n: Number.NaN } });
    expect(verifyLedger(broken)).toMatchObject({ fault: "changed", seq: 5 });
  });

  test("any removal, swap or edit is found, at or before the first entry behind it", () => {
    const edit = fc.constantFrom("remove", "swap", "edit");
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(), edit, (length, at, how) => {
        const entries = ledger(length);
        const index = at % (length - 1);
        const tampered =
          how === "remove"
            ? entries.toSpliced(index, 1)
            : how === "edit"
              ? entries.with(index, { ...entries[index]!, actor: "eve" })
              : entries.with(index, entries[index + 1]!).with(index + 1, entries[index]!);
        expect(verifyLedger(tampered)).toMatchObject({ kind: "broken", seq: index + 1 });
      }),
    );
  });
});
