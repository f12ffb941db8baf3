import { describe, expect, test } from "vitest";
import { checkImports } from "./import-check.mjs";

/** Judges files given as path -> source, in a workspace whose packages export their index.ts. */
function check(files: Record<string, string>): string[] {
  const sources = new Map(Object.entries(files));
  const { violations } = checkImports(sources, {
    hasFile: (path) => sources.has(path),
    exportsOf: () => ({ ".": "./src/index.ts", "./main": "./src/main.ts" }),
  });
  return violations.map(({ file, message }) => `${file}: ${message}`);
}

/** A file importing another: the violations of that one import. */
function checkImport(from: string, to: string, statement?: string): string[] {
  const up = "../".repeat(from.split("/").length - 1);
  return check({ [from]: statement ?? `import { x } from "${up}${to}";`, [to]: "export {};" });
}

const SERVER = "packages/server/src";
const PLANES = ["gateway", "control", "reconcile", "evaluate", "schedule"];
const ADAPTERS = ["store", "providers", "stream", "notify"];

describe("core and contract", () => {
  test.each(["node:fs", "zod", "fs", "@spillway/contract", "@spillway/server"])(
    "core may not import %s",
    (specifier) => {
      const files = {
        "packages/core/src/a.ts": `import { x } from "${specifier}";`,
        "packages/contract/src/index.ts": "export {};",
        "packages/server/src/index.ts": "export {};",
      };
      expect(check(files)).toHaveLength(1);
    },
  );

  test("contract may import zod and nothing else", () => {
    const at = "packages/contract/src/a.ts";
    expect(check({ [at]: 'import { z } from "zod";' })).toEqual([]);
    expect(check({ [at]: 'import { z } from "zod/v4";' })).toEqual([]);
    expect(check({ [at]: 'import { x } from "ajv";' })).toHaveLength(1);
    expect(check({ [at]: 'import { x } from "node:fs";' })).toHaveLength(1);
  });
});

describe("every kind of import counts", () => {
  const target = "packages/server/src/control/a.ts";
  test.each([
    ["a value", 'import { x } from "../control/a.ts";'],
    ["a type", 'import type { X } from "../control/a.ts";'],
    ["an inline type", 'import { type X } from "../control/a.ts";'],
    ["an import type", 'type Y = import("../control/a.ts").X;'],
    ["a side effect", 'import "../control/a.ts";'],
    ["a re-export", 'export { x } from "../control/a.ts";'],
    ["a re-exported type", 'export type { X } from "../control/a.ts";'],
    ["an awaited import", 'const a = await import("../control/a.ts");'],
    ["a template", "const a = await import(`../control/a.ts`);"],
  ])("%s", (_, statement) => {
    expect(checkImport("packages/server/src/gateway/b.ts", target, statement)).toEqual([
      expect.stringContaining("server/src/gateway may import"),
    ]);
  });

  test("a computed path is refused, because it cannot be judged", () => {
    expect(check({ "packages/core/src/a.ts": "await import(name);" })).toEqual([
      "packages/core/src/a.ts: imports a computed path",
    ]);
  });

  test("a file that does not parse is refused", () => {
    expect(check({ "packages/core/src/a.ts": "import {" })).toContainEqual(
      expect.stringContaining("does not parse"),
    );
  });
});

describe("server", () => {
  const pairs = PLANES.flatMap((from) => PLANES.map((to) => [from, to])).filter(
    ([from, to]) => from !== to,
  );
  test.each(pairs)("%s may not import %s", (from, to) => {
    expect(checkImport(`${SERVER}/${from}/a.ts`, `${SERVER}/${to}/b.ts`)).toHaveLength(1);
  });

  test.each(PLANES)("%s imports ports, http, telemetry and config, and no adapter", (plane) => {
    for (const part of ["ports.ts", "http/a.ts", "telemetry/a.ts", "config.ts"]) {
      expect(checkImport(`${SERVER}/${plane}/a.ts`, `${SERVER}/${part}`)).toEqual([]);
    }
    for (const adapter of ADAPTERS) {
      expect(checkImport(`${SERVER}/${plane}/a.ts`, `${SERVER}/${adapter}/b.ts`)).toHaveLength(1);
    }
  });

  test("of the planes, only control speaks the contract", () => {
    for (const plane of PLANES) {
      const violations = check({
        [`${SERVER}/${plane}/a.ts`]: 'import { x } from "@spillway/contract";',
        "packages/contract/src/index.ts": "export {};",
      });
      expect(violations).toHaveLength(plane === "control" ? 0 : 1);
    }
  });

  test.each(ADAPTERS)("%s imports ports, never a plane, another adapter or http", (adapter) => {
    expect(checkImport(`${SERVER}/${adapter}/a.ts`, `${SERVER}/ports.ts`)).toEqual([]);
    const others = ADAPTERS.filter((other) => other !== adapter);
    for (const part of [...PLANES, ...others, "http"]) {
      expect(checkImport(`${SERVER}/${adapter}/a.ts`, `${SERVER}/${part}/b.ts`)).toHaveLength(1);
    }
  });

  test("compose builds everything; main imports compose and config only", () => {
    for (const part of [...PLANES, ...ADAPTERS]) {
      expect(checkImport(`${SERVER}/compose.ts`, `${SERVER}/${part}/a.ts`)).toEqual([]);
      expect(checkImport(`${SERVER}/compose-worker/a.ts`, `${SERVER}/${part}/a.ts`)).toEqual([]);
      expect(checkImport(`${SERVER}/main.ts`, `${SERVER}/${part}/a.ts`)).toHaveLength(1);
    }
    expect(checkImport(`${SERVER}/main.ts`, `${SERVER}/compose.ts`)).toEqual([]);
  });

  test("ports know no one, and nobody imports compose but main and index", () => {
    expect(checkImport(`${SERVER}/ports.ts`, `${SERVER}/store/a.ts`)).toHaveLength(1);
    expect(checkImport(`${SERVER}/control/a.ts`, `${SERVER}/compose.ts`)).toHaveLength(1);
  });

  test("a folder that the table does not know is refused", () => {
    expect(checkImport(`${SERVER}/helpers/a.ts`, `${SERVER}/ports.ts`)).toEqual([
      expect.stringContaining("has no row in import-rules.mjs"),
    ]);
  });
});

describe("sdk, cli, testkit", () => {
  const index = (name: string) => `packages/${name}/src/index.ts`;
  const checkPackages = (from: string, name: string) =>
    check({ [from]: `import { x } from "@spillway/${name}";`, [index(name)]: "export {};" });

  test("sdk imports contract only", () => {
    expect(checkPackages("packages/sdk/src/a.ts", "contract")).toEqual([]);
    expect(checkPackages("packages/sdk/src/a.ts", "core")).toHaveLength(1);
    expect(check({ "packages/sdk/src/a.ts": 'import { x } from "node:fs";' })).toHaveLength(1);
  });

  test("cli reaches the server from one file", () => {
    expect(checkPackages("packages/cli/src/local-server.ts", "server")).toEqual([]);
    expect(checkPackages("packages/cli/src/up.ts", "server")).toHaveLength(1);
    expect(checkPackages("packages/cli/src/up.ts", "core")).toHaveLength(1);
  });

  test("only tests import testkit", () => {
    expect(checkPackages(`${SERVER}/control/a.ts`, "testkit")).toHaveLength(1);
    expect(checkPackages(`${SERVER}/control/a.test.ts`, "testkit")).toEqual([]);
    expect(checkPackages("packages/server/test/database.ts", "testkit")).toEqual([]);
    expect(checkPackages("packages/core/src/a.ts", "testkit")).toHaveLength(1);
  });

  test("nothing imports a test", () => {
    const [from, to] = [`${SERVER}/control/a.ts`, `${SERVER}/control/b.test.ts`];
    expect(checkImport(from, to)).toHaveLength(1);
  });

  test("a package is entered by its name", () => {
    const [from, to] = ["packages/sdk/src/a.ts", "packages/contract/src/index.ts"];
    expect(checkImport(from, to)).toHaveLength(1);
    const deep = 'import { x } from "@spillway/contract/src/index.ts";';
    expect(checkImport(from, to, deep)).toHaveLength(1);
  });
});

describe("dashboard", () => {
  const DASHBOARD = "packages/dashboard/src";
  test("app -> features -> ui, and never back", () => {
    const parts = ["app/a.tsx", "features/rollout/a.tsx", "ui/a.tsx"].map(
      (part) => `${DASHBOARD}/${part}`,
    );
    const [app = "", feature = "", ui = ""] = parts;
    for (const [from, to] of [
      [app, feature],
      [app, ui],
      [feature, ui],
    ] as const) {
      expect(checkImport(from, to)).toEqual([]);
      expect(checkImport(to, from)).toHaveLength(1);
    }
  });

  test("a feature never imports a feature", () => {
    const [a, b] = [`${DASHBOARD}/features/rollout/a.tsx`, `${DASHBOARD}/features/review/b.tsx`];
    expect(checkImport(a, b)).toHaveLength(1);
    expect(checkImport(a, `${DASHBOARD}/features/rollout/b.tsx`)).toEqual([]);
  });
});

describe("cycles and export *", () => {
  test("a cycle of files is found, through types and over more than two", () => {
    const violations = check({
      "packages/core/src/gate/a.ts": 'import type { B } from "./b.ts";',
      "packages/core/src/gate/b.ts": 'import { c } from "./c.ts";',
      "packages/core/src/gate/c.ts": 'export type { A } from "./a.ts";',
    });
    expect(violations).toEqual([expect.stringContaining("a.ts -> packages/core/src/gate/b.ts")]);
  });

  test("a cycle of core's folders is found where no files form one", () => {
    const violations = check({
      "packages/core/src/gate/a.ts": 'import type { B } from "../rollout/b.ts";',
      "packages/core/src/gate/c.ts": "export {};",
      "packages/core/src/rollout/b.ts": "export {};",
      "packages/core/src/rollout/d.ts": 'import { c } from "../gate/c.ts";',
    });
    expect(violations).toEqual([
      expect.stringContaining(
        "packages/core/src/gate -> packages/core/src/rollout -> packages/core/src/gate",
      ),
    ]);
  });

  test("export * is refused, plain, named and of types", () => {
    for (const statement of ["export * from", "export * as b from", "export type * from"]) {
      expect(
        check({
          "packages/core/src/a.ts": `${statement} "./b.ts";`,
          "packages/core/src/b.ts": "export {};",
        }),
      ).toEqual([expect.stringContaining("export *")]);
    }
  });
});
