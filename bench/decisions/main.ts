import { measureCell } from "./report.ts";
import { editCells, eventRatioCells, driftCells, mistunedCells, dayShiftCells } from "./metric-cells.ts";
import { scoreCells, latencyCells, costCells } from "./value-cells.ts";
const all = [...editCells(), ...eventRatioCells(), ...scoreCells(), ...latencyCells(), ...costCells(), ...driftCells(), ...mistunedCells(), ...dayShiftCells()];
const [groups, reps] = process.argv.slice(2);
for (const cell of all.filter((c) => groups!.split(",").includes(c.group))) {
  const t = performance.now();
  const m = measureCell(cell, cell.run(Number(reps)));
  console.log(cell.id, ((performance.now() - t) / 1000).toFixed(1) + "s");
  for (const { figures: f } of m) console.log("   ", f.rule.padEnd(12), f.rollbackRate, f.promoteRate, f.medianExposed, f.p80Exposed, f.medianMinutesToPromote, "|", f.anchor && [f.anchor.rollbackRate, f.anchor.promoteRate, f.anchor.medianExposed, f.anchor.p80Exposed, f.anchor.medianMinutesToPromote].join(" "));
}
