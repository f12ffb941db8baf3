import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { SHORTCUTS } from "./shortcuts.ts";

export function CheatSheet(props: {
  readonly areLettersOn: boolean;
  readonly onLetters: (areOn: boolean) => void;
  readonly onClose: () => void;
}) {
  return (
    <Dialog title="Keyboard" onClose={props.onClose}>
      <table className="w-full">
        <caption className="sr-only">Keys and what they do</caption>
        <thead className="sr-only">
          <tr>
            <th scope="col">Keys</th>
            <th scope="col">What they do</th>
          </tr>
        </thead>
        <tbody>
          {SHORTCUTS.map(({ keys, does }) => (
            <tr key={does} className="border-b border-line last:border-b-0">
              <td className="w-24 py-1.5">
                <span className="inline-flex gap-1">
                  {keys.map((key) => (
                    <kbd
                      key={key}
                      className="min-w-6 rounded border border-edge/60 bg-raised px-1.5 text-center font-mono text-xs leading-5"
                    >
                      {key}
                    </kbd>
                  ))}
                </span>
              </td>
              <td className="py-1.5">{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="mt-3 text-muted">
        Nothing that moves traffic is on a single key: those are buttons with a confirmation.
      </p>
      <div className="mt-4 flex flex-wrap items-center justify-between gap-3">
        <label className="inline-flex min-h-6 items-center gap-2">
          <input
            type="checkbox"
            checked={props.areLettersOn}
            onChange={(event) => props.onLetters(event.target.checked)}
            className="size-4 accent-(--accent)"
          />
          Single-letter keys are on
        </label>
        <Button onClick={props.onClose}>Close</Button>
      </div>
    </Dialog>
  );
}
