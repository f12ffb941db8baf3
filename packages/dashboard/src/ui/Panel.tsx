import type { ReactNode } from "react";
import { useId } from "react";

/** A titled part of a page; `aside` stands at the right of the title. */
export function Panel(props: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly isPadded?: boolean;
}) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="min-w-0 rounded-lg border border-line bg-surface">
      <header className="flex min-h-10 flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line px-4 py-2">
        <h2 id={id} className="text-sm font-semibold">
          {props.title}
        </h2>
        {props.aside !== undefined && <div className="text-xs text-muted">{props.aside}</div>}
      </header>
      <div className={props.isPadded === false ? "" : "p-4"}>{props.children}</div>
    </section>
  );
}
