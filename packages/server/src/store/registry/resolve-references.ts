import type { ComponentKind, ConfigurationProblem } from "@spillway/core";
import { AppError, COMPONENT_KINDS, problemPath } from "@spillway/core";
import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { findByReference } from "./component-store.ts";
import type { ReleaseReferences } from "../../ports/registry-records.ts";

export type ResolvedDigests = Readonly<Record<ComponentKind, string | null>>;

/** How a bundle's own components are found before the registry is asked: by kind and `name:label`. */
export const referenceKey = (kind: ComponentKind, reference: string): string =>
  `${kind} ${reference}`;

/** Throws `invalid_configuration` naming every reference that leads nowhere. */
export async function resolveReferences(
  db: Kysely<Schema>,
  references: ReleaseReferences,
  options: { readonly path: string; readonly known: ReadonlyMap<string, string> },
): Promise<ResolvedDigests> {
  const problems: ConfigurationProblem[] = [];
  const digests: Record<ComponentKind, string | null> = {
    prompt: null,
    model: null,
    index: null,
    guardrails: null,
    dataset: null,
    app: null,
  };
  for (const kind of COMPONENT_KINDS) {
    const reference = references[kind];
    if (reference !== null) digests[kind] = await digestOf(db, options.known, { kind, reference });
    const message = problemOf(kind, reference, digests[kind]);
    if (message !== null) {
      problems.push({ path: problemPath(options.path, `components.${kind}`), message });
    }
  }
  if (problems.length === 0) return digests;
  throw new AppError("invalid_configuration", problems.map((each) => each.message).join(" "), {
    details: { problems },
  });
}

async function digestOf(
  db: Kysely<Schema>,
  known: ReadonlyMap<string, string>,
  wanted: { readonly kind: ComponentKind; readonly reference: string },
): Promise<string | null> {
  const inBundle = known.get(referenceKey(wanted.kind, wanted.reference));
  if (inBundle !== undefined) return inBundle;
  return (await findByReference(db, wanted))?.digest ?? null;
}

function problemOf(
  kind: ComponentKind,
  reference: string | null,
  digest: string | null,
): string | null {
  if (digest !== null) return null;
  if (reference !== null) {
    return `There is no ${kind} "${reference}". Wanted a digest or name:label of a registered one.`;
  }
  return kind === "prompt" || kind === "model" ? `A release needs a ${kind}.` : null;
}
