import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createControlClient } from "@spillway/sdk";
import { createCatalogue } from "../../../server/src/compose-evaluate.ts";
import type { Database } from "../../../server/src/store/database.ts";
import { openDatabase } from "../../../server/src/store/database.ts";
import { DATABASE_NAME, DATABASE_USER } from "../../../server/src/store/embedded/init-cluster.ts";
import { auditDecisions } from "./audit-decisions.ts";
import { auditExchanges } from "./audit-exchanges.ts";
import type { CrashReport } from "./report.ts";
import type { Acknowledged } from "./round.ts";
import type { System } from "./system.ts";

export type DatabaseAudit = {
  readonly counts: Pick<
    CrashReport,
    "decisionsLost" | "decisionsDoubled" | "exchangesLost" | "exchangesDoubled"
  >;
  readonly problems: readonly string[];
  readonly decisions: number;
};

/** The longest lease (30 s) twice, and some: what has not drained by then never will. */
const DRAIN_MS = 90_000;
const POLL_MS = 250;

/** Waits until nothing is under way any more, then holds the database against what clients were told. */
export async function auditDatabase(
  system: System,
  seen: { readonly acknowledged: readonly Acknowledged[]; readonly answered: readonly string[] },
): Promise<DatabaseAudit> {
  const database = openDatabase(await databaseUrl(system), { applicationName: "crash-test-audit" });
  try {
    const left = await drain(system, database);
    const decisions = await auditDecisions(database, seen.acknowledged);
    const exchanges = await auditExchanges(database, createCatalogue({ database }), seen.answered);
    return {
      counts: {
        decisionsLost: decisions.lost.length,
        decisionsDoubled: decisions.doubled.length,
        exchangesLost: exchanges.lost.length,
        exchangesDoubled: exchanges.doubled.length,
      },
      problems: [
        ...left,
        ...decisions.lost,
        ...decisions.doubled,
        ...exchanges.lost,
        ...exchanges.doubled,
      ],
      decisions: decisions.decisions,
    };
  } finally {
    await database.close();
  }
}

async function databaseUrl({ installation, processes }: System): Promise<string> {
  const record = await processes();
  const password = await readFile(join(installation.dataDir, "postgres-password"), "utf8");
  const host = `127.0.0.1:${record?.postgres.port ?? 0}`;
  return `postgres://${DATABASE_USER}:${password.trim()}@${host}/${DATABASE_NAME}`;
}

/** Resolves to what is still under way when the patience is over; nothing, normally. */
async function drain(system: System, database: Database): Promise<readonly string[]> {
  const { controlUrl, adminKey } = system.installation;
  const client = createControlClient({ baseUrl: controlUrl, key: adminKey });
  const sinceMs = Date.now();
  for (;;) {
    const { pending, stored } = await countExchanges(database);
    // A report from after the last request: five seconds of speeded time are long over by then.
    await sleep(REPORT_MS);
    const { items } = await client.call("listGateways", {});
    const spooled = items
      .filter(({ isCurrent }) => isCurrent)
      .reduce((sum, gateway) => sum + gateway.spooledExchanges, 0);
    const after = await countExchanges(database);
    if (after.pending === 0 && spooled === 0 && after.stored === stored) return [];
    if (Date.now() - sinceMs > DRAIN_MS) {
      return [
        `After ${DRAIN_MS / 1_000} s ${pending} exchanges are not evaluated, ${spooled} spooled.`,
      ];
    }
    await sleep(POLL_MS);
  }
}

/** Gateways report every five seconds of real time. */
const REPORT_MS = 6_000;

async function countExchanges(
  database: Database,
): Promise<{ readonly stored: number; readonly pending: number }> {
  const row = await database.kysely
    .selectFrom("exchanges as e")
    .select((of) => [
      of.fn.countAll<number>().as("stored"),
      of.fn.countAll<number>().filterWhere("e.evaluation", "=", "pending").as("pending"),
    ])
    .executeTakeFirstOrThrow();
  return { stored: row.stored, pending: row.pending };
}
