import { SPILLWAY, SPILLWAY_HARM } from "./cell.ts";
import type { CellFigures, MeasuredRule } from "./report.ts";

/** One thing that the product must hold in some cells. */
type Requirement = { readonly cells: RegExp } & (
  | { readonly kind: "rollback_rate"; readonly most: number }
  | { readonly kind: "promote_rate"; readonly most: number }
  | { readonly kind: "exposed" }
  | { readonly kind: "minutes" }
);

// A median may be so much larger than the anchor's.
const TOLERATED = 1.1;
const STANDARD_ERRORS = 3;

/** No harm at all: a rollback is false. */
const NULL_CELLS =
  /^(A\d*|M|U|L|L2)_.*(true| harmed|) ?=?\+0$|^[BCH]_.* true=1x|^[DSX]_.*drop=0%?$|^E_.* scale=1$|^F2?_.* x1 |^[HI]_.*\+0$|^J_.* null|^K_onset null|^N_|^O_.* w=0\.1$|^R_|^T_.*true=(0|-0\.01)$|^V_/;
/** Harm within the hold level: a rollback is false at most one time in five. */
const HOLD_CELLS =
  /^A_.*\+0\.01$|^B_.* true=1\.25x|^D_.*drop=(2\.5|5)%|^E_.*=1\.05$|^F_.* x1\.05 |^T_.*true=0\.01$/;
/** Harm at the promotion margin. */
const MARGIN_CELLS =
  /^(A|A50|H|I|L|M)_.*\+0\.02$|^[BCH]_.* true=1\.5x|^S_.* drop=0\.02$|^D_.*drop=5%|^E_.*=1\.1$|^F_.* x1\.1 |^T_.*true=0\.02$|^Y_/;
/** Real harm, to be found about as fast as the anchor finds it (statistics.md 4.1, ii). */
const HARM_CELLS =
  /^A_.*\+0\.(03|04|06|1|2)$|^B_.* true=(1\.5|2|3|5)x|^C_.* true=(4|10|30)x|^D_.*drop=(10|15|30)%|^E_.*=(1\.2|1\.3|1\.5|2)$|^F_.* x(1\.2|1\.5|2) |^H_.* true=2x|^J_.* harm |^T_.*true=0\.(03|04|06|1)$/;
/** The same where there are anchors, but the specification asks for no speed. */
const FURTHER_HARM_CELLS = /^L2?_.*\+0\.04$|^M_.*\+0\.0[248]$|^S_.* drop=0\.0[25]$/;
/** Good changes, to be let through about as fast as the anchor does. */
const GOOD_CELLS =
  /^(A\d*|I|M)_.*\+0$|^[BH]_.* true=1x|^D_.*drop=0%|^E_.* scale=1$|^F_.* x1 |^T_.*true=(0|-0\.01)$/;

const REQUIREMENTS: readonly Requirement[] = [
  { cells: NULL_CELLS, kind: "rollback_rate", most: 0.05 },
  { cells: HOLD_CELLS, kind: "rollback_rate", most: 0.2 },
  { cells: MARGIN_CELLS, kind: "promote_rate", most: 0.05 },
  { cells: HARM_CELLS, kind: "exposed" },
  { cells: GOOD_CELLS, kind: "minutes" },
];

/** Held against the anchors all the same, and shown; a miss here fails nothing. */
const FURTHER: readonly Requirement[] = [{ cells: FURTHER_HARM_CELLS, kind: "exposed" }];

export type Acceptance = {
  /** Figures that were held against something: a median without an anchor is held against nothing. */
  readonly count: number;
  /** What misses by more than three standard errors, in words; empty when nothing. */
  readonly misses: readonly string[];
};

/** What the specification requires of the product. */
export function acceptanceOf(measured: readonly MeasuredRule[]): Acceptance {
  return heldAgainst(REQUIREMENTS, measured);
}

/** Speeds beside an anchor that the specification does not require. */
export function furtherSpeedsOf(measured: readonly MeasuredRule[]): Acceptance {
  return heldAgainst(FURTHER, measured);
}

function heldAgainst(
  requirements: readonly Requirement[],
  measured: readonly MeasuredRule[],
): Acceptance {
  const held = measured
    .filter(isOurs)
    .flatMap((each) =>
      requirements
        .filter((requirement) => isHeld(requirement, each.figures))
        .map((requirement) => ({ each, requirement })),
    );
  const misses = held.flatMap(({ each, requirement }) => {
    const miss = missOf(requirement, each);
    return miss === null ? [] : [`${each.figures.cell}: ${miss}`];
  });
  return { count: held.length, misses };
}

/** Where the anchors, or some of them, are those of the test of any harm by itself. */
const HARM_ALONE_CELLS = /^[JMS]_/;

/**
 * The product's rule, and its test of any harm where the anchors are about that. Harm of the size of the
 * rollback level must be proven as fast; the second proof comes later.
 */
function isOurs({ figures: { rule, cell } }: MeasuredRule): boolean {
  return rule === SPILLWAY || (rule === SPILLWAY_HARM && HARM_ALONE_CELLS.test(cell));
}

function isHeld({ cells, kind }: Requirement, { cell, rule, anchor }: CellFigures): boolean {
  if (!cells.test(cell)) return false;
  const promotes = rule === SPILLWAY;
  switch (kind) {
    case "rollback_rate":
      return true;
    case "promote_rate":
      return promotes;
    case "exposed":
      return (anchor?.medianExposed ?? null) !== null;
    case "minutes":
      return promotes && (anchor?.medianMinutesToPromote ?? null) !== null;
    default: {
      const unreachable: never = kind;
      return unreachable;
    }
  }
}

function missOf(requirement: Requirement, { figures, uncertain }: MeasuredRule): string | null {
  const { anchor } = figures;
  switch (requirement.kind) {
    case "rollback_rate":
      return rateMiss("rolled back", figures.rollbackRate, { ...requirement, figures });
    case "promote_rate":
      return rateMiss("promoted", figures.promoteRate, { ...requirement, figures });
    case "exposed":
      return medianMiss("candidate requests exposed", {
        anchor: anchor?.medianExposed ?? null,
        measured: figures.medianExposed,
        low: uncertain.exposed.low,
      });
    case "minutes":
      return medianMiss("minutes to promote", {
        anchor: anchor?.medianMinutesToPromote ?? null,
        measured: figures.medianMinutesToPromote,
        low: uncertain.minutes.low,
      });
    default: {
      const unreachable: never = requirement;
      return unreachable;
    }
  }
}

function rateMiss(
  what: string,
  rate: number | null,
  { most, figures }: { readonly most: number; readonly figures: CellFigures },
): string | null {
  const limit = most + STANDARD_ERRORS * Math.sqrt((most * (1 - most)) / figures.replications);
  if (rate === null) return `nothing measured of how often it is ${what}`;
  if (rate <= limit) return null;
  return `${what} in ${percent(rate)}, at most ${percent(most)} wanted`;
}

function medianMiss(
  what: string,
  { anchor, measured, low }: { anchor: number | null; measured: number | null; low: number },
): string | null {
  if (anchor === null || low <= TOLERATED * anchor) return null;
  return `${measured ?? "never half"} ${what}, at most ${Math.round(TOLERATED * anchor)} wanted`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
