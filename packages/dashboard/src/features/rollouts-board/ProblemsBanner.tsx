import { Link } from "@tanstack/react-router";
import { CrossIcon, TriangleIcon } from "../../ui/icons.tsx";
import { visible } from "../../ui/words.ts";
import type { BoardProblem } from "./board-problems.ts";

export function ProblemsBanner({ problems }: { readonly problems: readonly BoardProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <ul aria-label="Problems" className="overflow-hidden rounded-lg border border-line bg-surface">
      {problems.map((problem) => {
        const isRed = problem.severity === "red";
        return (
          <li
            key={problem.text}
            className={`flex items-start gap-2.5 border-b border-line px-4 py-2 last:border-b-0 ${isRed ? "bg-fail-soft" : "bg-hold-soft"}`}
          >
            <span className={`mt-0.5 ${isRed ? "text-fail" : "text-hold"}`}>
              {isRed ? <CrossIcon /> : <TriangleIcon />}
            </span>
            <p className="min-w-0 flex-1">
              <span className="sr-only">{isRed ? "Incident: " : "Warning: "}</span>
              {visible(problem.text)}
            </p>
            {problem.rolloutId !== null && (
              <Link
                to="/rollouts/$id"
                params={{ id: problem.rolloutId }}
                className="inline-flex min-h-6 items-center font-medium underline underline-offset-2"
              >
                Open<span className="sr-only"> the rollout</span>
              </Link>
            )}
          </li>
        );
      })}
    </ul>
  );
}
