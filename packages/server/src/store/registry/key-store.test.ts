import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sha256Hex } from "@spillway/core";
import { sql } from "kysely";
import { createTestDatabase, type TestDatabase } from "../../../../testkit/src/database.ts";
import { recordingHooks, refusalOf } from "../../../../testkit/src/registry-kit.ts";
import type { KeyPort } from "../../control/control-ports.ts";
import { createKeyStore, type KeyStore } from "./key-store.ts";

let test: TestDatabase;
let keys: KeyStore;
let nowMs = 1_000_000;
const { hooks, ledger, causes } = recordingHooks();

const by = (actor = "ana") => ({ actor, nowMs: nowMs++ });

beforeAll(async () => {
  test = await createTestDatabase("key-store");
  let id = 0;
  keys = createKeyStore({
    database: test.database,
    hooks,
    ids: { next: () => `key_${++id}`, secret: () => `secret${++id}` },
  });
});

afterAll(() => test.drop());

beforeEach(async () => {
  ledger.length = 0;
  causes.length = 0;
  await sql`truncate api_keys, features, snapshots cascade`.execute(test.database.kysely);
});

describe("keys", () => {
  const admin = {
    name: "second admin",
    scope: "control",
    role: "admin",
    features: [],
    expiresAtMs: null,
  } as const;

  it("are made at the first start and never again, even when two processes start", async () => {
    const [a, b] = await Promise.all([keys.ensureFirstKeys(1), keys.ensureFirstKeys(1)]);
    const made = [a, b].filter((each) => each !== null);
    expect(made.length).toBe(1);
    expect(await keys.ensureFirstKeys(2)).toBeNull();
    expect(causes).toEqual(["keys"]);
    const { control, gateway } = made[0]!;
    expect([control.key.role, gateway.key.features]).toEqual(["admin", ["*"]]);
    const found = await keys.findBySha256(sha256Hex(control.secret));
    expect(found).toEqual(control.key);
  });

  it("are kept before they are committed: a kill in between leaves none that nobody knows", async () => {
    const kept: string[] = [];
    const killed = keys.ensureFirstKeys(1, () => Promise.reject(new Error("killed")));
    await expect(killed).rejects.toThrow("killed");
    const made = await keys.ensureFirstKeys(2, async ({ control }) => {
      kept.push(control.secret);
      expect(await keys.findBySha256(sha256Hex(control.secret))).toBeNull();
    });
    expect(kept).toEqual([made?.control.secret]);
  });

  it("are stored as a hash alone, and told to the gateways", async () => {
    await sql`insert into features (key, definition, created_at_ms, updated_at_ms)
      values ('search', '{}', 1, 1)`.execute(test.database.kysely);
    const draft = { ...admin, name: "app", scope: "gateway", role: null } as const;
    const { key, secret } = await keys.create({ ...draft, features: ["search"] }, by());
    const rows = await sql<{ row: string }>`select k::text as row from api_keys as k`.execute(
      test.database.kysely,
    );
    expect(rows.rows.some((each) => each.row.includes(secret))).toBe(false);
    expect(JSON.stringify(ledger)).not.toContain(secret);
    expect(causes).toEqual(["keys"]);
    const revoked = await keys.revoke(key.id, by());
    expect(revoked?.revokedAtMs).not.toBeNull();
    expect(await keys.revoke(key.id, by())).toEqual(revoked);
    expect(await keys.revoke("key_none", by())).toBeNull();
    expect(causes).toEqual(["keys", "keys"]);
  });

  it("refuse what could open nothing or everything by mistake", async () => {
    const draft = { ...admin, role: null };
    expect((await refusalOf(keys.create(draft, by()))).code).toBe("invalid_configuration");
    const unknown = { ...draft, scope: "gateway", features: ["nothing"] } as const;
    expect((await refusalOf(keys.create(unknown, by()))).message).toContain('"nothing"');
  });

  it("never lose the last admin", async () => {
    const first = await keys.ensureFirstKeys(1);
    const id = first!.control.key.id;
    expect((await refusalOf(keys.revoke(id, by()))).code).toBe("conflict");
    await keys.create(admin, by());
    expect((await keys.revoke(id, by()))?.revokedAtMs).not.toBeNull();
    expect((await keys.list()).length).toBe(3);
  });
});

it("the store is what the control API asks for", () => {
  const port: KeyPort = keys;
  expect(port).toBe(keys);
});
