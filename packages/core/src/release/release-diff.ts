import type { Json, JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import type { Component, ComponentKind } from "./component.ts";
import { COMPONENT_KINDS } from "./component.ts";
import type { ReleaseComponents } from "./release.ts";

/**
 * One value that differs inside a component, by its path ("parameters.temperature"). A side that does
 * not have the field shows null, so both are null where a field was added or taken out as null.
 */
export type FieldChange = { readonly path: string; readonly before: Json; readonly after: Json };

export type ComponentChange = {
  readonly kind: ComponentKind;
  readonly change: "added" | "removed" | "changed";
  readonly before: {
    readonly name: string;
    readonly label: string;
    readonly digest: string;
  } | null;
  readonly after: { readonly name: string; readonly label: string; readonly digest: string } | null;
  readonly fields: readonly FieldChange[];
  /** The change in a sentence. */
  readonly sentence: string;
};

/** What changes from one release to another, per component, in words and values. Empty: nothing. */
export function diffReleases(
  before: ReleaseComponents,
  after: ReleaseComponents,
): ComponentChange[] {
  return COMPONENT_KINDS.flatMap((kind) => {
    const change = diffComponent(kind, before[kind], after[kind]);
    return change === null ? [] : [change];
  });
}

function diffComponent(
  kind: ComponentKind,
  before: Component | null,
  after: Component | null,
): ComponentChange | null {
  if (before?.digest === after?.digest) return null;
  const fields =
    before === null || after === null ? [] : diffJson("", before.content, after.content);
  const change = before === null ? "added" : after === null ? "removed" : "changed";
  return {
    kind,
    change,
    before: before === null ? null : identity(before),
    after: after === null ? null : identity(after),
    fields,
    sentence: sentenceOf({ kind, before, after, fields }),
  };
}

const identity = ({ name, label, digest }: Component) => ({ name, label, digest });

function sentenceOf(parts: {
  readonly kind: ComponentKind;
  readonly before: Component | null;
  readonly after: Component | null;
  readonly fields: readonly FieldChange[];
}): string {
  const { kind, before, after, fields } = parts;
  if (before === null && after !== null) return `The ${kind} ${after.name} ${after.label} is new.`;
  if (after === null) return `The ${kind} ${before?.name ?? ""} ${before?.label ?? ""} is gone.`;
  const from = before?.name === after.name ? before.label : `${before?.name} ${before?.label}`;
  const paths = fields.map((field) => field.path);
  const what = paths.length > 4 ? `${paths.slice(0, 4).join(", ")} and more` : paths.join(", ");
  return `The ${kind} ${after.name} goes from ${from} to ${after.label}${what === "" ? "" : `: ${what}`}.`;
}

type Side = Json | undefined;

/** Leaves that differ. What one side does not have is undefined here, which is not the value null. */
function diffJson(path: string, before: Side, after: Side): FieldChange[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
    return keys.flatMap((key) =>
      diffJson(path === "" ? key : `${path}.${key}`, own(before, key), own(after, key)),
    );
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [old, young] = [before as readonly Json[], after as readonly Json[]];
    return Array.from({ length: Math.max(old.length, young.length) }).flatMap((_, index) =>
      diffJson(`${path}[${index}]`, old[index], young[index]),
    );
  }
  if (before === after) return [];
  return [{ path, before: before ?? null, after: after ?? null }];
}

/** A key such as "constructor" must not be found on the prototype. */
const own = (object: JsonObject, key: string): Side =>
  Object.hasOwn(object, key) ? object[key] : undefined;
