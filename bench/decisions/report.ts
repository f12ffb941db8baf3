import anchorFile from "./anchors.json" with { type: "json" };
import type { Cell, Firing, RuleRun } from "./cell.ts";
import { NEVER } from "./cell.ts";

/** Figures of one rule in one cell; null where they were not reached or not asked. */
export type Figures = {
  readonly rollbackRate: number | null;
  readonly promoteRate: number | null;
  /** Candidate requests until rollback, over all histories: half (80%) are below. */
  readonly medianExposed: number | null;
  readonly p80Exposed: number | null;
  /** Over all histories; one that was rolled back before never promotes. */
  readonly medianMinutesToPromote: number | null;
};

export type CellFigures = Figures & {
  readonly cell: string;
  readonly rule: string;
  readonly replications: number;
  /** What the specification's simulation found for the same rule; null when it has none. */
  readonly anchor: Figures | null;
};

/** What a check needs beyond the figures: bounds that chance alone would not cross. */
export type Uncertain = { readonly exposed: Quantile; readonly minutes: Quantile };
type Quantile = { readonly low: number };

export type MeasuredRule = { readonly figures: CellFigures; readonly uncertain: Uncertain };

const ANCHORS: Readonly<Record<string, Readonly<Record<string, Partial<Figures>>>>> = anchorFile;
const UNKNOWN: Figures = {
  rollbackRate: null,
  promoteRate: null,
  medianExposed: null,
  p80Exposed: null,
  medianMinutesToPromote: null,
};

export function measureCell(cell: Cell, runs: readonly RuleRun[]): readonly MeasuredRule[] {
  return runs.map(({ rule, firings, canRollback, canPromote }) => {
    const exposed = sorted(firings, ({ rollbackExposed }) => rollbackExposed);
    const minutes = sorted(firings, minutesToPromote);
    const promoted = firings.filter(({ promoteMinute }) => promoteMinute < NEVER).length;
    const rolledBack = firings.filter(({ rollbackMinute }) => rollbackMinute < NEVER).length;
    const known = ANCHORS[cell.id]?.[rule];
    return {
      figures: {
        cell: cell.id,
        rule,
        replications: firings.length,
        rollbackRate: canRollback ? rolledBack / firings.length : null,
        promoteRate: canPromote ? promoted / firings.length : null,
        medianExposed: finite(quantile(exposed, 0.5)),
        p80Exposed: finite(quantile(exposed, 0.8)),
        medianMinutesToPromote: finite(quantile(minutes, 0.5)),
        anchor: known === undefined ? null : { ...UNKNOWN, ...known },
      },
      uncertain: { exposed: { low: lowMedian(exposed) }, minutes: { low: lowMedian(minutes) } },
    };
  });
}

function minutesToPromote({ promoteMinute, rollbackMinute }: Firing): number {
  return promoteMinute < rollbackMinute ? promoteMinute : NEVER;
}

function sorted(firings: readonly Firing[], of: (firing: Firing) => number): Float64Array {
  return Float64Array.from(firings, of).toSorted();
}

function quantile(values: Float64Array, share: number): number {
  const index = Math.min(values.length - 1, Math.max(0, Math.ceil(share * values.length) - 1));
  return values[index] ?? NEVER;
}

/** Three standard errors below the median, by order statistics. */
function lowMedian(values: Float64Array): number {
  return quantile(values, 0.5 - (3 * 0.5) / Math.sqrt(values.length));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
