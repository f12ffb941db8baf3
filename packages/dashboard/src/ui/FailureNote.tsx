import { TriangleIcon } from "./icons.tsx";

/** What was found, what was wanted, what to do. */
export function FailureNote(props: {
  readonly failure: {
    readonly title: string;
    readonly detail: string;
    readonly points: readonly string[];
    readonly requestId: string | null;
  };
}) {
  const { title, detail, points, requestId } = props.failure;
  return (
    <div role="alert" className="rounded-md border border-error bg-error-soft px-3 py-2.5">
      <p className="flex items-center gap-2 font-semibold text-error">
        <TriangleIcon />
        {title}
      </p>
      <p className="mt-1">{detail}</p>
      {points.length > 0 && (
        <ul className="mt-1 list-disc pl-5">
          {points.map((point) => (
            <li key={point}>{point}</li>
          ))}
        </ul>
      )}
      {requestId !== null && <p className="mt-1 text-xs text-muted">Request {requestId}</p>}
    </div>
  );
}
