import type { ApiKeyDraft } from "@spillway/core";
import { AppError, keyProblems, sha256Hex } from "@spillway/core";
import type { Kysely, Selectable } from "kysely";
import type { Database } from "../database.ts";
import type { ApiKeysTable, Schema } from "../schema.ts";
import type { CreatedKey, KeyRecord, RegistryChange } from "../../ports/registry-records.ts";
import type { RegistryHooks } from "./registry-hooks.ts";
import { changeRegistry, recordChange, type RegistryWork } from "./registry-work.ts";

/** More keys than this means that they are made by a loop and not by people. */
const KEYS_MAX = 5_000;

export type FirstKeys = { readonly control: CreatedKey; readonly gateway: CreatedKey };

export type KeyStore = {
  /** Newest first, revoked ones too. */
  readonly list: () => Promise<readonly KeyRecord[]>;
  readonly create: (draft: ApiKeyDraft, change: RegistryChange) => Promise<CreatedKey>;
  /** Null when there is no such key; a key that is revoked already stays as it is. */
  readonly revoke: (id: string, change: RegistryChange) => Promise<KeyRecord | null>;
  /** Whatever its state; who asks decides about expiry and revocation. */
  readonly findBySha256: (sha256: string) => Promise<KeyRecord | null>;
  /** On an installation without any key: an admin and a gateway key, whose secrets exist only here. */
  readonly ensureFirstKeys: (nowMs: number, keep?: KeepFirstKeys) => Promise<FirstKeys | null>;
};

/**
 * Puts the secrets where they are found again, before the keys are committed: a process that is killed in
 * between has made no keys, and the next one makes others. The other way round nobody would know them.
 */
export type KeepFirstKeys = (first: FirstKeys) => Promise<void>;

export type KeyStoreOptions = {
  readonly database: Database;
  readonly hooks: RegistryHooks;
  readonly ids: { readonly next: (prefix: "key") => string; readonly secret: () => string };
};

export function createKeyStore(options: KeyStoreOptions): KeyStore {
  const { database, ids } = options;
  const changing = <Result>(
    change: RegistryChange,
    work: (work: RegistryWork) => Promise<Result>,
  ): Promise<Result> => changeRegistry(options, change, work);
  return {
    list: () => listKeys(database.kysely),
    create: (draft, change) => changing(change, (work) => createKey(work, draft, ids)),
    revoke: (id, change) => changing(change, (work) => revokeKey(work, id)),
    findBySha256: (sha256) => findBySha256(database.kysely, sha256),
    ensureFirstKeys: (nowMs, keep = async () => {}) =>
      changing({ actor: "system", nowMs }, async (work) => {
        const first = await createFirstKeys(work, ids);
        if (first !== null) await keep(first);
        return first;
      }),
  };
}

/** Secrets are long and random, so a plain SHA-256 keeps them unreadable; only that is stored. */
async function createKey(
  work: RegistryWork,
  draft: ApiKeyDraft,
  ids: KeyStoreOptions["ids"],
): Promise<CreatedKey> {
  await refuseUnfit(work, draft);
  const created = await insertKey(work, draft, ids);
  if (draft.scope === "gateway") await publishKeys(work);
  return created;
}

async function insertKey(
  work: RegistryWork,
  draft: ApiKeyDraft,
  ids: KeyStoreOptions["ids"],
): Promise<CreatedKey> {
  const secret = `sw_${draft.scope}_${ids.secret()}`;
  const row: Selectable<ApiKeysTable> = {
    id: ids.next("key"),
    name: draft.name,
    scope: draft.scope,
    role: draft.role,
    features: draft.features,
    sha256: sha256Hex(secret),
    created_at_ms: work.nowMs,
    expires_at_ms: draft.expiresAtMs,
    revoked_at_ms: null,
  };
  await work.trx
    .insertInto("api_keys")
    .values({ ...row, features: JSON.stringify(draft.features) })
    .execute();
  const { name, scope, role, features, expiresAtMs } = draft;
  await recordChange(work, {
    action: "key.created",
    subject: row.id,
    body: { name, scope, role, features, expiresAtMs },
  });
  return { key: recordOf(row), secret };
}

async function refuseUnfit(work: RegistryWork, draft: ApiKeyDraft): Promise<void> {
  const named = draft.features.filter((key) => key !== "*");
  const known = named.length === 0 ? [] : await knownFeatures(work, named);
  const problems = [
    ...keyProblems(draft, work.nowMs),
    ...named
      .filter((key) => !known.includes(key))
      .map((key) => ({ path: "features", message: `There is no feature "${key}".` })),
  ];
  if (problems.length === 0) return;
  throw new AppError("invalid_configuration", problems.map((each) => each.message).join(" "), {
    details: { problems },
  });
}

async function knownFeatures(work: RegistryWork, keys: readonly string[]): Promise<string[]> {
  const rows = await work.trx
    .selectFrom("features as f")
    .select("f.key")
    .where("f.key", "in", keys)
    .limit(keys.length)
    .execute();
  return rows.map((row) => row.key);
}

async function revokeKey(work: RegistryWork, id: string): Promise<KeyRecord | null> {
  const row = await work.trx
    .selectFrom("api_keys as k")
    .selectAll("k")
    .where("k.id", "=", id)
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return null;
  if (row.revoked_at_ms !== null) return recordOf(row);
  await refuseLastAdmin(work, row);
  await work.trx
    .updateTable("api_keys as k")
    .set({ revoked_at_ms: work.nowMs })
    .where("k.id", "=", id)
    .execute();
  await recordChange(work, { action: "key.revoked", subject: id, body: { name: row.name } });
  if (row.scope === "gateway") await publishKeys(work);
  return recordOf({ ...row, revoked_at_ms: work.nowMs });
}

/** Nobody could make a key any more, and no door would be left to open. */
async function refuseLastAdmin(work: RegistryWork, row: Selectable<ApiKeysTable>): Promise<void> {
  if (row.role !== "admin") return;
  const other = await work.trx
    .selectFrom("api_keys as k")
    .select("k.id")
    .where("k.role", "=", "admin")
    .where("k.id", "!=", row.id)
    .where("k.revoked_at_ms", "is", null)
    .where((eb) =>
      eb.or([eb("k.expires_at_ms", "is", null), eb("k.expires_at_ms", ">", work.nowMs)]),
    )
    .limit(1)
    .executeTakeFirst();
  if (other !== undefined) return;
  throw new AppError(
    "conflict",
    `"${row.name}" is the last admin key that works. Make another one before it is revoked.`,
  );
}

async function createFirstKeys(
  work: RegistryWork,
  ids: KeyStoreOptions["ids"],
): Promise<FirstKeys | null> {
  const any = await work.trx.selectFrom("api_keys as k").select("k.id").limit(1).executeTakeFirst();
  if (any !== undefined) return null;
  const draft = { features: [], expiresAtMs: null } as const;
  const first = { ...draft, name: "first admin", scope: "control", role: "admin" } as const;
  const calls = { ...draft, name: "first gateway", scope: "gateway", role: null } as const;
  const control = await insertKey(work, first, ids);
  const gateway = await insertKey(work, { ...calls, features: ["*"] }, ids);
  await publishKeys(work);
  return { control, gateway };
}

async function publishKeys(work: RegistryWork): Promise<void> {
  await work.hooks.publishSnapshot(work.trx, { nowMs: work.nowMs, cause: "keys" });
}

async function listKeys(db: Kysely<Schema>): Promise<KeyRecord[]> {
  const rows = await db
    .selectFrom("api_keys as k")
    .selectAll("k")
    .orderBy("k.created_at_ms", "desc")
    .orderBy("k.id", "desc")
    .limit(KEYS_MAX)
    .execute();
  return rows.map(recordOf);
}

async function findBySha256(db: Kysely<Schema>, sha256: string): Promise<KeyRecord | null> {
  const row = await db
    .selectFrom("api_keys as k")
    .selectAll("k")
    .where("k.sha256", "=", sha256)
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : recordOf(row);
}

function recordOf(row: Selectable<ApiKeysTable>): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    scope: row.scope,
    role: row.role,
    features: row.features,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    revokedAtMs: row.revoked_at_ms,
  };
}
