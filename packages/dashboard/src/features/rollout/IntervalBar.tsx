import type { Light } from "../../ui/light.ts";
import type { Scale } from "./interval-scale.ts";

const COLOUR: Record<Light, string> = {
  pass: "var(--pass)",
  hold: "var(--hold)",
  fail: "var(--fail)",
  inconclusive: "var(--doubt)",
  error: "var(--error)",
  none: "var(--doubt)",
};

const WIDTH = 220;
const HEIGHT = 28;
const PAD = 7;

/** Estimate and interval of a harm; the hold line is dashed, the rollback line solid, zero and margin thin. */
export function IntervalBar(props: {
  readonly scale: Scale;
  readonly light: Light;
  readonly spoken: string;
}) {
  const { scale, light } = props;
  const x = (position: number): number => PAD + position * (WIDTH - 2 * PAD);
  const middle = HEIGHT / 2;
  const colour = COLOUR[light];
  return (
    <svg
      role="img"
      aria-label={props.spoken}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      className="block max-w-full"
    >
      <rect
        x={x(scale.rollback)}
        y={1}
        width={WIDTH - x(scale.rollback)}
        height={HEIGHT - 2}
        fill="var(--fail-soft)"
      />
      <line x1={0} x2={WIDTH} y1={middle} y2={middle} stroke="var(--line)" />
      {scale.zero !== null && (
        <line x1={x(scale.zero)} x2={x(scale.zero)} y1={4} y2={HEIGHT - 4} stroke="var(--edge)" />
      )}
      {scale.hold !== null && (
        <line
          x1={x(scale.hold)}
          x2={x(scale.hold)}
          y1={1}
          y2={HEIGHT - 1}
          stroke="var(--hold)"
          strokeWidth={1.5}
          strokeDasharray="3 2.5"
        />
      )}
      <line
        x1={x(scale.rollback)}
        x2={x(scale.rollback)}
        y1={1}
        y2={HEIGHT - 1}
        stroke="var(--fail)"
        strokeWidth={1.5}
      />
      <path d={`M${x(scale.margin) - 3} 1h6l-3 5z`} fill="var(--accent)" />
      {scale.low !== null && scale.high !== null && (
        <Whisker from={x(scale.low)} to={x(scale.high)} scale={scale} colour={colour} />
      )}
      {scale.estimate !== null && (
        <circle
          cx={x(scale.estimate)}
          cy={middle}
          r={4}
          fill={colour}
          stroke="var(--surface)"
          strokeWidth={1.5}
        />
      )}
    </svg>
  );
}

function Whisker(props: {
  readonly from: number;
  readonly to: number;
  readonly scale: Scale;
  readonly colour: string;
}) {
  const { from, to, scale, colour } = props;
  const middle = HEIGHT / 2;
  const cap = (at: number) => `M${at} ${middle - 4}v8`;
  const arrow = (at: number, towards: 1 | -1) =>
    `M${at - 4 * towards} ${middle - 4}l${4 * towards} 4l${-4 * towards} 4`;
  return (
    <>
      <line x1={from} x2={to} y1={middle} y2={middle} stroke={colour} strokeWidth={3} />
      <path
        d={scale.isCutLeft ? arrow(from, -1) : cap(from)}
        stroke={colour}
        strokeWidth={1.5}
        fill="none"
      />
      <path
        d={scale.isCutRight ? arrow(to, 1) : cap(to)}
        stroke={colour}
        strokeWidth={1.5}
        fill="none"
      />
    </>
  );
}
