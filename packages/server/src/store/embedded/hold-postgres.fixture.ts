import { silentLog } from "../silent-log.ts";
import { startEmbeddedPostgres } from "./start-embedded-postgres.ts";

/** A process for tests to kill: it starts PostgreSQL, says so, and waits for its end. */
const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("usage: node hold-postgres.fixture.ts <data folder>");
const server = await startEmbeddedPostgres({ dataDir, log: silentLog, durability: "none" });
process.stdout.write(`${JSON.stringify({ pid: server.pid, url: server.url })}\n`);
