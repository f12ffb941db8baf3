/**
 * The exact method: tests, grids, weights, binning and rules of this package. Any change that can
 * change a number of a report changes the name, because stored decisions are replayed by it.
 */
export const GATE_METHOD = "spillway-gate/6";
