import type { Cell } from "./cell.ts";
import { clusterCells } from "./cluster-cells.ts";
import { delayedCells } from "./delayed-cells.ts";
import {
  dayShiftCells,
  driftCells,
  editCells,
  eventRatioCells,
  mistunedCells,
} from "./metric-cells.ts";
import { monitorCells } from "./monitor-cells.ts";
import { offlineCells } from "./offline-cells.ts";
import { onsetCells, smallSampleCells } from "./onset-cells.ts";
import { pairCells } from "./pair-cells.ts";
import { rampCells } from "./ramp-cells.ts";
import { manyMetricCells, sliceCells } from "./row-cells.ts";
import { splitCells } from "./split-cells.ts";
import { costCells, latencyCells, scoreCells } from "./value-cells.ts";

/** All cells, in the order of the report. */
export function allCells(): readonly Cell[] {
  return [
    ...editCells(),
    ...eventRatioCells(),
    ...scoreCells(),
    ...latencyCells(),
    ...costCells(),
    ...driftCells(),
    ...mistunedCells(),
    ...dayShiftCells(),
    ...rampCells(),
    ...delayedCells(),
    ...sliceCells(),
    ...onsetCells(),
    ...manyMetricCells(),
    ...clusterCells(),
    ...smallSampleCells(),
    ...splitCells(),
    ...monitorCells(),
    ...pairCells(),
    ...offlineCells(),
  ];
}
