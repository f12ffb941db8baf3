import type { ReactNode } from "react";
import { useId } from "react";

/** The platform's modal dialog: focus is trapped and given back, Escape closes. Open while mounted. */
export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const id = useId();
  return (
    <dialog
      ref={(element) => {
        if (element !== null && !element.open) element.showModal();
      }}
      aria-labelledby={id}
      onClose={props.onClose}
      className="m-auto w-[min(36rem,calc(100vw-2rem))] rounded-lg border border-line bg-surface p-0 text-ink shadow-xl"
    >
      <h2 id={id} className="border-b border-line px-5 py-3.5 text-base font-semibold">
        {props.title}
      </h2>
      <div className="px-5 py-4">{props.children}</div>
    </dialog>
  );
}
