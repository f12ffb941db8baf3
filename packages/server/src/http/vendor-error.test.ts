import { readFile } from "node:fs/promises";
import { AppError, ERROR_CATALOGUE, type ErrorCode } from "@spillway/core";
import { expect, it } from "vitest";
import { openAiErrorOf } from "./vendor-error.ts";

const documentUrl = new URL("../../../../docs/errors.md", import.meta.url);

/** What a gateway never answers with: it has no database, and nothing is changed through it. */
const CONTROL_ONLY: readonly ErrorCode[] = [
  "invalid_configuration",
  "unpinned_model",
  "method_not_allowed",
  "conflict",
  "illegal_transition",
  "requirements_unmet",
  "data_folder_in_use",
  "database_unavailable",
  "database_incompatible",
];

it("docs/errors.md says the type, the code and the status that clients of the gateway see", async () => {
  const text = await readFile(documentUrl, "utf8");
  const documented = [
    ...text.matchAll(/^\| `(\w+)` +\| (\d{3}) +\| `(\w+)` +\| `(\w+)` +\|$/gm),
  ].map(([, ...cells]) => cells);
  const wanted = (Object.keys(ERROR_CATALOGUE) as ErrorCode[])
    .filter((code) => !CONTROL_ONLY.includes(code))
    .map((code) => {
      const { status, body } = openAiErrorOf(new AppError(code, "No."));
      const { error } = body as { error: { type: string; code: string | null } };
      return [code, String(status), error.type, String(error.code)];
    });
  expect(documented).toEqual(wanted);
});

it("a provider's status is passed on with its refusal and with its failure, and no other", () => {
  const details = { providerStatus: 503, providerError: undefined };
  const statusOf = (code: ErrorCode) =>
    openAiErrorOf(new AppError(code, "No.", { details })).status;
  expect(statusOf("provider_rejected")).toBe(503);
  expect(statusOf("provider_failed")).toBe(503);
  expect(statusOf("provider_rate_limited")).toBe(429);
  expect(statusOf("provider_timeout")).toBe(504);
});
