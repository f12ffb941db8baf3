import type { PairBinCount } from "./cells.ts";
import { pairCellBins } from "./cells.ts";
import { CountedCell, CountedPairs } from "./counted-cell.ts";
import type { DecodedCell } from "./decoded-cell.ts";
import { decodeCell } from "./decoded-cell.ts";
import type { EvidenceCell, PairCell } from "./evidence.ts";
import type { PairUnits } from "./pair-units.ts";
import { decodePairUnits } from "./pair-units.ts";
import type { UnitBins } from "./unit-bins.ts";
import { decodeUnits } from "./unit-bins.ts";

/** A cell as arithmetic needs it: decoded from its text form, or as it was counted. */
export function readCell(cell: EvidenceCell): DecodedCell {
  return cell instanceof CountedCell ? cell.decoded : decodeCell(cell);
}

export function readUnits(cell: EvidenceCell): UnitBins {
  return cell instanceof CountedCell ? cell.unitBins : decodeUnits(cell.units);
}

export function readPairs(cell: PairCell): readonly PairBinCount[] {
  return cell instanceof CountedPairs ? cell.decoded : pairCellBins(cell);
}

export function readPairUnits(cell: PairCell): PairUnits {
  return cell instanceof CountedPairs ? cell.pairUnits : decodePairUnits(cell.units);
}
