import { share } from "./words.ts";

export type LadderStep = {
  readonly name: string;
  readonly kind: string;
  readonly shareBps: number;
};

/**
 * The stages in miniature: one bar each, as high as the candidate's share (with a floor, so that a
 * shadow stage can be seen). Done is filled, the present one is outlined in the ink, later ones are faint.
 */
export function MiniLadder(props: {
  readonly stages: readonly LadderStep[];
  readonly currentIndex: number | null;
  readonly end: "open" | "completed" | "taken_back";
}) {
  const { stages, currentIndex, end } = props;
  const width = 10;
  const height = 22;
  const where = currentIndex === null ? null : stages[currentIndex];
  const label = `${stages.length} stages: ${stages.map((stage) => stage.name).join(", ")}. ${
    where === undefined || where === null ? "None is entered." : `Now in ${where.name}.`
  }`;
  return (
    <svg
      role="img"
      aria-label={label}
      width={stages.length * (width + 2)}
      height={height + 3}
      className="block"
    >
      {stages.map((stage, index) => {
        const tall = 4 + (stage.shareBps / 10_000) * (height - 4);
        const isDone = end === "completed" || (currentIndex !== null && index < currentIndex);
        const isCurrent = end !== "completed" && index === currentIndex;
        const fill = isCurrent && end === "taken_back" ? "var(--fail)" : "var(--accent)";
        return (
          <g key={stage.name}>
            <title>{`${stage.name}: ${share(stage.shareBps)}`}</title>
            <rect
              x={index * (width + 2)}
              y={height - tall}
              width={width}
              height={tall}
              fill={isDone || isCurrent ? fill : "var(--line)"}
              opacity={isDone ? 0.5 : 1}
            />
            {isCurrent && (
              <rect
                x={index * (width + 2)}
                y={height + 1}
                width={width}
                height={2}
                fill="var(--ink)"
              />
            )}
          </g>
        );
      })}
    </svg>
  );
}
