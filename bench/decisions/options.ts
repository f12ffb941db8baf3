import { parseArgs } from "node:util";

export type Options = {
  readonly isJson: boolean;
  readonly isCheck: boolean;
  /** Groups of cells to play; null plays all. */
  readonly groups: readonly string[] | null;
  readonly replications: number;
};

const FULL_REPLICATIONS = 2000;
const QUICK_REPLICATIONS = 300;

export const USAGE = `Usage: npm run bench:decisions -- [--quick] [--cells A,B,...] [--check] [--json]

  --quick            ${QUICK_REPLICATIONS} replications a cell in place of ${FULL_REPLICATIONS}
  --replications N   any other number
  --cells A,B        only these groups of cells; the results page is left as it is
  --check            exit code 1 when a requirement is missed by more than three standard errors
  --json             print { "cells": [...] } on standard output`;

/** The command line, or null when it is not understood. */
export function parseOptions(args: readonly string[]): Options | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        cells: { type: "string" },
        replications: { type: "string" },
      },
    });
    const standard = values.quick ? QUICK_REPLICATIONS : FULL_REPLICATIONS;
    const replications = Number(values.replications ?? standard);
    if (!Number.isInteger(replications) || replications < 10) return null;
    return {
      isJson: values.json,
      isCheck: values.check,
      groups: values.cells?.split(",").map((name) => name.trim()) ?? null,
      replications,
    };
  } catch {
    return null;
  }
}
