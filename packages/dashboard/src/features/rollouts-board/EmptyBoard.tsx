import { Command } from "../../ui/Command.tsx";

/** First use: the command that fills the board. */
export function EmptyBoard() {
  return (
    <section className="mx-auto max-w-xl rounded-lg border border-line bg-surface p-6">
      <h2 className="text-base font-semibold">No features yet</h2>
      <p className="mt-1 text-muted">
        A feature appears here once its prompts, models and releases are applied from your project
        folder.
      </p>
      <div className="mt-4 grid gap-2">
        <Command text="spillway apply -f spillway.yaml" />
      </div>
      <p className="mt-4 text-muted">
        Or watch a whole rollout on recorded traffic first, with the clock running fast:
      </p>
      <div className="mt-2">
        <Command text="npm run demo" />
      </div>
    </section>
  );
}
