import type { ComponentChange } from "@spillway/contract";
import { ArrowIcon } from "./icons.tsx";
import type { DiffLine } from "./line-diff.ts";
import { diffLines, foldDiff } from "./line-diff.ts";
import { sentenceCase, visible } from "./words.ts";

/** Values shorter than this stand side by side; longer ones become a diff. */
const LONG = 60;

/** What changes between two releases, per component: in words, then value by value. */
export function ComponentDiff({ changes }: { readonly changes: readonly ComponentChange[] }) {
  if (changes.length === 0) {
    return (
      <p className="p-4 text-muted">Nothing differs: the releases have the same components.</p>
    );
  }
  return (
    <ul>
      {changes.map((change) => (
        <li key={change.kind} className="border-b border-line p-4 last:border-b-0">
          <p className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
            <span className="font-semibold">{sentenceCase(change.kind)}</span>
            <span className="inline-flex items-center gap-1.5 font-mono text-xs">
              <span className="text-muted">{identity(change.before)}</span>
              <ArrowIcon />
              <span className="font-semibold text-accent">{identity(change.after)}</span>
            </span>
          </p>
          <p className="mt-1 text-muted">{visible(change.sentence)}</p>
          {change.fields.length > 0 && (
            <dl className="mt-3 grid gap-3">
              {change.fields.map((field) => (
                <Field key={field.path} field={field} />
              ))}
            </dl>
          )}
        </li>
      ))}
    </ul>
  );
}

function identity(component: ComponentChange["before"]): string {
  return component === null ? "none" : `${component.name}:${component.label}`;
}

function Field({ field }: { readonly field: ComponentChange["fields"][number] }) {
  const before = textOf(field.before);
  const after = textOf(field.after);
  const isLong = before.length > LONG || after.length > LONG || /\n/.test(before + after);
  return (
    <div>
      <dt className="font-mono text-xs text-muted">{visible(field.path)}</dt>
      <dd className="mt-1">
        {isLong ? (
          <TextDiff before={before} after={after} />
        ) : (
          <span className="inline-flex flex-wrap items-center gap-2 font-mono text-xs">
            <del className="rounded-sm bg-fail-soft px-1 decoration-fail/60">{visible(before)}</del>
            <ArrowIcon />
            <ins className="rounded-sm bg-pass-soft px-1 no-underline">{visible(after)}</ins>
          </span>
        )}
      </dd>
    </div>
  );
}

function TextDiff({ before, after }: { readonly before: string; readonly after: string }) {
  const rows = foldDiff(diffLines(before, after));
  return (
    <div className="overflow-x-auto rounded-md border border-line bg-page py-1 font-mono text-xs leading-5">
      {rows.map((row, index) => {
        if (row.kind === "gap") {
          return (
            <div key={index} className="px-3 text-muted">
              {`\u22ef ${row.lines} unchanged line${row.lines === 1 ? "" : "s"}`}
            </div>
          );
        }
        return <Line key={index} line={row} />;
      })}
    </div>
  );
}

const LINE_LOOK = {
  same: { sign: " ", className: "", word: "" },
  removed: { sign: "\u2212", className: "bg-fail-soft", word: "bg-fail/25" },
  added: { sign: "+", className: "bg-pass-soft", word: "bg-pass/25" },
};

function Line({ line }: { readonly line: DiffLine }) {
  const look = LINE_LOOK[line.kind];
  return (
    <div className={`flex gap-2 px-3 ${look.className}`}>
      <span aria-hidden="true" className="select-none text-muted">
        {look.sign}
      </span>
      {line.kind !== "same" && <span className="sr-only">{line.kind}: </span>}
      <span className="min-w-0 break-words whitespace-pre-wrap">
        {line.words === undefined
          ? visible(line.text)
          : line.words.map((word, index) =>
              word.kind === "same" ? (
                visible(word.text)
              ) : (
                <mark key={index} className={`rounded-sm text-inherit ${look.word}`}>
                  {visible(word.text)}
                </mark>
              ),
            )}
      </span>
    </div>
  );
}

const textOf = (json: unknown): string =>
  typeof json === "string" ? json : (JSON.stringify(json, null, 2) ?? "null");
