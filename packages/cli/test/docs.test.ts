import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/program.ts";

const page = await readFile(join(import.meta.dirname, "../../../docs/cli.md"), "utf8");
const output = { write: () => undefined, isTerminal: false };

const { program } = createProgram(
  {
    stdout: output,
    stderr: output,
    env: {},
    cwd: "/",
    nowMs: () => 0,
    sleep: () => Promise.resolve(),
    runServer: () => Promise.resolve(0),
    runBacktest: () => {
      throw new Error("not run");
    },
    runPlan: () => Promise.reject(new Error("not run")),
    runRehearsal: () => {
      throw new Error("not run");
    },
    summariseBacktest: () => Promise.reject(new Error("not run")),
  },
  () => undefined,
);

type Entry = { readonly heading: string; readonly flags: readonly string[] };

/** Every command that does something, as its heading in the page. */
function entriesOf(command: Command, path: string): Entry[] {
  if (command.commands.length > 0) {
    return command.commands.flatMap((child) => entriesOf(child, `${path} ${child.name()}`));
  }
  const args = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? "..." : "");
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [
    {
      heading: `### \`${[path, ...args].join(" ")}\``,
      flags: command.options.map(({ flags }) => flags),
    },
  ];
}

const entries = entriesOf(program, "spillway");
const headings = page.split("\n").filter((line) => line.startsWith("### "));

describe("docs/cli.md", () => {
  it("has exactly the commands that there are", () => {
    expect(entries.length).toBeGreaterThan(20);
    expect(headings.toSorted()).toEqual(entries.map(({ heading }) => heading).toSorted());
  });

  it.each(entries)("$heading has exactly its options", ({ heading, flags }) => {
    const section = page.split(`${heading}\n`)[1]?.split("\n### ")[0] ?? "";
    const documented = [...section.matchAll(/^- `(-[^`]+)`/gm)].map((match) => match[1]);
    expect(documented).toEqual(flags);
  });

  const globals = program.options.map(({ long }) => long).filter((long) => long !== "--version");
  it.each(globals)("names the global option %s", (long) => {
    expect(page).toContain(`\`${long}`);
  });
});

describe("docs/roles.md", () => {
  const commands = entries.map(({ heading }) =>
    heading
      .replace("### `spillway ", "")
      .replace(/ *[<[].*/, "")
      .replace("`", ""),
  );

  it("names each command, and no other", async () => {
    const text = await readFile(join(import.meta.dirname, "../../../docs/roles.md"), "utf8");
    const cells = [...text.matchAll(/^\| `[A-Z]+ .+ \| \w+ +\| (.*) \|$/gm)].map(
      ([, cell]) => cell,
    );
    const inTables = [...cells.join(" ").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    const withoutServer = /^(.+) ask no server\.$/m.exec(text)?.[1] ?? "";
    const others = [...withoutServer.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    const named = [...inTables, ...others].map((name) => name.replace(/ -.*/, ""));
    expect([...new Set(named)].toSorted()).toEqual(commands.toSorted());
  });
});
