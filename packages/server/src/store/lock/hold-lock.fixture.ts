import { AppError } from "@spillway/core";
import { lockDataFolder } from "./data-folder-lock.ts";

/** A process for tests: it tries for the lock, says how that went, and holds it until killed. */
const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("usage: node hold-lock.fixture.ts <data folder>");
try {
  await lockDataFolder({ dataDir });
  process.stdout.write("held\n");
  setInterval(() => undefined, 60_000);
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  process.stdout.write(`${error.code}\n`);
}
