// Plays the decision cells and compares the product's rule with its anchors and with other rules.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { acceptanceOf, furtherSpeedsOf } from "./acceptance.ts";
import { allCells } from "./all-cells.ts";
import type { Cell } from "./cell.ts";
import { renderResults } from "./markdown.ts";
import type { Options } from "./options.ts";
import { parseOptions, USAGE } from "./options.ts";
import type { MeasuredRule } from "./report.ts";
import { measureCell } from "./report.ts";

const RESULTS = new URL("../results/decisions.md", import.meta.url);
const LEAST_REPLICATIONS = 20;

function main(): number {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) return refuse(USAGE);
  const cells = allCells();
  const known = new Set(cells.map(({ group }) => group));
  const unknown = options.groups?.find((group) => !known.has(group));
  if (unknown !== undefined) {
    return refuse(`No cells are called "${unknown}". Cells: ${[...known].join(", ")}.`);
  }
  const measured = playCells(cells, options);
  const acceptance = acceptanceOf(measured);
  const figures = measured.map((each) => each.figures);
  const page = renderResults({
    machine: machineName(),
    figures,
    acceptance,
    further: furtherSpeedsOf(measured),
  });
  if (options.groups === null) {
    mkdirSync(new URL(".", RESULTS), { recursive: true });
    writeFileSync(RESULTS, page);
  }
  process.stdout.write(options.isJson ? `${JSON.stringify({ cells: figures }, null, 2)}\n` : page);
  for (const miss of acceptance.misses) say(`missed: ${miss}`);
  return options.isCheck && acceptance.misses.length > 0 ? 1 : 0;
}

function playCells(all: readonly Cell[], options: Options): readonly MeasuredRule[] {
  const { groups, replications } = options;
  const cells = all.filter(({ group }) => groups?.includes(group) ?? true);
  const startedAt = performance.now();
  return cells.flatMap((cell, index) => {
    const cellStartedAt = performance.now();
    const runs = cell.run(Math.max(LEAST_REPLICATIONS, Math.round(replications * cell.effort)));
    const seconds = (performance.now() - cellStartedAt) / 1000;
    const total = (performance.now() - startedAt) / 1000;
    say(
      `${index + 1}/${cells.length} ${cell.id}: ${seconds.toFixed(1)} s, ${total.toFixed(0)} s in all`,
    );
    return measureCell(cell, runs);
  });
}

/** What it ran on, without anything that names a host or a person. */
function machineName(): string {
  const cores = cpus();
  return `${cores[0]?.model.trim() ?? "unknown processor"}, ${cores.length} cores, one used`;
}

function refuse(message: string): number {
  say(message);
  return 2;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

process.exitCode = main();
