import { localTime } from "./words.ts";

/** An instant in the viewer's zone; UTC on hover. */
export function Time({ ms }: { readonly ms: number }) {
  const utc = new Date(ms).toISOString();
  return (
    <time
      dateTime={utc}
      title={utc.replace("T", " ").replace("Z", " UTC")}
      className="whitespace-nowrap"
    >
      {localTime(ms)}
    </time>
  );
}
