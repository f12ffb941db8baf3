import { describe, expect, test } from "vitest";
import { decideReachable, decideReadable, type PathStat } from "./reachable.ts";

const postgres = { name: "postgres", uid: 101, gid: 104 };

function folder(path: string, mode: number, owner: { uid?: number; gid?: number } = {}): PathStat {
  return { path, mode: 0o040000 | mode, uid: owner.uid ?? 0, gid: owner.gid ?? 0 };
}

describe("decideReachable", () => {
  test("a home of root that others cannot enter blocks everything below it", () => {
    const chain = [folder("/", 0o755), folder("/root", 0o700), folder("/root/project", 0o755)];
    expect(decideReachable(postgres, chain)).toEqual({ kind: "blocked", at: "/root" });
  });

  test("search permission is enough; reading the folder is not needed", () => {
    const chain = [folder("/", 0o755), folder("/data", 0o711)];
    expect(decideReachable(postgres, chain)).toEqual({ kind: "reachable" });
  });

  test("the group's bits count for the group and hide those for others", () => {
    const open = [folder("/data", 0o710, { gid: 104 })];
    const shut = [folder("/data", 0o701, { gid: 104 })];
    expect(decideReachable(postgres, open).kind).toBe("reachable");
    expect(decideReachable(postgres, shut).kind).toBe("blocked");
  });

  test("an owner is not helped by the bits for others", () => {
    expect(decideReachable(postgres, [folder("/data", 0o077, { uid: 101 })]).kind).toBe("blocked");
  });
});

describe("decideReadable", () => {
  test("a program must be readable and executable, a plain file only readable", () => {
    const program = { path: "/p/bin/postgres", uid: 0, gid: 0, mode: 0o100755 };
    const file = { path: "/p/share/postgres.bki", uid: 0, gid: 0, mode: 0o100644 };
    expect(decideReadable(postgres, [program, file]).kind).toBe("reachable");
    const hidden = { ...file, mode: 0o100600 };
    expect(decideReadable(postgres, [program, hidden])).toEqual({ kind: "blocked", at: file.path });
  });
});
