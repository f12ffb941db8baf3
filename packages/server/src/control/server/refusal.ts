import { AppError } from "@spillway/core";
import type { Refused } from "../control-ports.ts";

/** A refusal is the caller's answer: the code, the reason, and what is missing. */
export const refusalOf = (refused: Refused): AppError =>
  new AppError(refused.code, refused.reason, { details: { unmet: refused.unmet } });
