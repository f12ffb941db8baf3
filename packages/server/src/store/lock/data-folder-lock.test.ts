import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockDataFolder } from "./data-folder-lock.ts";

let dataDir = "";
const children = new Set<ChildProcess>();

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "spillway-lock-"));
});

afterEach(async () => {
  await Promise.all([...children].map(endChild));
  await rm(dataDir, { recursive: true, force: true });
});

async function endChild(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** Another process that tries for the lock; resolves to what it says. */
async function tryInProcess(): Promise<{ says: string; child: ChildProcess }> {
  const script = fileURLToPath(new URL("./hold-lock.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, [script, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  const [says] = (await once(createInterface(child.stdout), "line")) as [string];
  return { says, child };
}

describe("lockDataFolder", () => {
  test("a second start is refused and told who holds the folder and what to do", async () => {
    const lock = await lockDataFolder({ dataDir });
    const second = lockDataFolder({ dataDir });
    await expect(second).rejects.toMatchObject({ code: "data_folder_in_use" });
    await expect(second).rejects.toThrow(
      new RegExp(`in use by process ${process.pid} .* since \\d{4}-.*Stop that process`),
    );
    expect((await tryInProcess()).says).toBe("data_folder_in_use");
    await lock.release();
    await (await lockDataFolder({ dataDir })).release();
    expect(await readdir(dataDir)).toEqual([]);
  });

  test("the lock of a process killed with -9 is taken over by exactly one of many", async () => {
    const first = await tryInProcess();
    expect(first.says).toBe("held");
    await endChild(first.child);
    const starters = await Promise.all([1, 2, 3, 4].map(() => tryInProcess()));
    const said = starters.map((starter) => starter.says);
    expect(said.filter((says) => says === "held")).toHaveLength(1);
    expect(said.filter((says) => says === "data_folder_in_use")).toHaveLength(3);
  });

  test("of many attempts within one process exactly one wins, also over a stale lock", async () => {
    for (let round = 0; round < 20; round++) {
      await writeStaleLock();
      const attempts = Array.from({ length: 8 }, () => lockDataFolder({ dataDir }));
      const settled = await Promise.allSettled(attempts);
      const won = settled.filter((result) => result.status === "fulfilled");
      expect(won).toHaveLength(1);
      await won[0]?.value.release();
      await rm(join(dataDir, "spillway.lock"), { force: true });
    }
  });

  test("a pid that belongs to a younger process now does not keep the folder locked", async () => {
    await writeStaleLock();
    const words: string[] = [];
    const lock = await lockDataFolder({ dataDir, onRecovered: (text) => words.push(text) });
    expect(words.join()).toContain("pid-reused");
    await lock.release();
  });

  test("a claim left by a claimant that was killed is claimed in turn", async () => {
    const { stale, claim } = await writeStaleLock();
    await writeFile(join(dataDir, `spillway.lock.claim-${stale.id}`), JSON.stringify(claim));
    const lock = await lockDataFolder({ dataDir });
    expect(await readdir(dataDir)).toEqual(["spillway.lock"]);
    await lock.release();
  });

  test("a torn lock file counts as held until it has been silent", async () => {
    const path = join(dataDir, "spillway.lock");
    await writeFile(path, '{"id":"');
    await expect(lockDataFolder({ dataDir })).rejects.toMatchObject({ code: "data_folder_in_use" });
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(path, longAgo, longAgo);
    await (await lockDataFolder({ dataDir })).release();
  });
});

type WrittenLock = { readonly id: string; readonly holder: { readonly started: string } };

/** A lock of this very process number, held by an earlier process. */
async function writeStaleLock(): Promise<{ stale: WrittenLock; claim: WrittenLock }> {
  const path = join(dataDir, "spillway.lock");
  const lock = await lockDataFolder({ dataDir });
  const own = JSON.parse(await readFile(path, "utf8")) as WrittenLock;
  await lock.release();
  const stale = { ...own, holder: { ...own.holder, started: "1" } };
  await writeFile(path, JSON.stringify(stale));
  return { stale, claim: { ...stale, id: crypto.randomUUID() } };
}
