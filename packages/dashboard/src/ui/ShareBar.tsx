import { share } from "./words.ts";

/** Set against actual: the bar is what was measured, the mark is what was set. */
export function ShareBar(props: {
  readonly setShareBps: number;
  readonly actualShareBps: number | null;
  readonly width?: number;
}) {
  const { setShareBps, actualShareBps, width = 88 } = props;
  const at = (basisPoints: number) => (basisPoints / 10_000) * width;
  const label = `Set ${share(setShareBps)}, actual ${actualShareBps === null ? "not measured yet" : share(actualShareBps)}.`;
  return (
    <svg role="img" aria-label={label} width={width} height={10} className="block max-w-full">
      <rect y={3} width={width} height={4} rx={1} fill="var(--line)" />
      {actualShareBps !== null && (
        <rect y={3} width={at(actualShareBps)} height={4} rx={1} fill="var(--accent)" />
      )}
      <rect
        x={Math.min(width - 2, Math.max(0, at(setShareBps) - 1))}
        width={2}
        height={10}
        fill="var(--ink)"
      />
    </svg>
  );
}
