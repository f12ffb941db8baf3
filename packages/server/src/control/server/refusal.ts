import { AppError } from "@spillway/core";
import type { Refused } from "../control-ports.ts";

/** A refusal is the caller's answer: the code, the reason, and what is missing or wrong. */
export const refusalOf = ({ code, reason, unmet, problems = [] }: Refused): AppError =>
  new AppError(code, reason, { details: { unmet, problems } });
