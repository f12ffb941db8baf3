import { CopyButton } from "./CopyButton.tsx";

/** A command to be typed in a terminal. */
export function Command({ text }: { readonly text: string }) {
  return (
    <div className="flex items-center justify-between gap-3 rounded-md border border-line bg-page py-1.5 pr-1.5 pl-3">
      <code className="min-w-0 font-mono text-sm break-all">{text}</code>
      <CopyButton text={text} label="Copy" />
    </div>
  );
}
