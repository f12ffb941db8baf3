import { chmod, mkdir, mkdtemp, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyNativeFolder } from "./copy-binaries.ts";

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "spillway-copy-"));
  await mkdir(join(root, "native/bin"), { recursive: true });
  await mkdir(join(root, "native/lib"));
  await mkdir(join(root, "native/share/postgresql"), { recursive: true });
  await writeFile(join(root, "native/bin/postgres"), "program", { mode: 0o600 });
  await writeFile(join(root, "native/lib/libpq.so.5.18"), "library", { mode: 0o600 });
  await writeFile(join(root, "native/share/postgresql/postgres.bki"), "text", { mode: 0o600 });
  const links = [{ source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" }];
  await writeFile(join(root, "native/pg-symlinks.json"), JSON.stringify(links));
  await mkdir(join(root, "target"));
  await chmod(join(root, "target"), 0o755);
});

afterAll(() => rm(root, { recursive: true, force: true }));

test("two processes that copy at once end with one complete, readable copy", async () => {
  const native = { path: join(root, "native"), version: "18.4" };
  const copies = await Promise.all([1, 2, 3].map(() => copyNativeFolder(native, `${root}/target`)));
  expect(new Set(copies).size).toBe(1);
  const copy = copies[0] ?? "";
  expect(await readdir(join(root, "target"))).toHaveLength(1);
  expect((await stat(join(copy, "bin/postgres"))).mode & 0o777).toBe(0o755);
  expect((await stat(join(copy, "share/postgresql/postgres.bki"))).mode & 0o777).toBe(0o644);
  expect(await readlink(join(copy, "lib/libpq.so.5"))).toBe("libpq.so.5.18");
});

test("a folder that others may write to is refused", async () => {
  await chmod(join(root, "target"), 0o777);
  const native = { path: join(root, "native"), version: "18.4" };
  await expect(copyNativeFolder(native, join(root, "target"))).rejects.toThrow(/nobody else/);
});
