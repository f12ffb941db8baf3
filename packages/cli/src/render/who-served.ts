import type { WhoServed } from "@spillway/contract";
import { count, percentOfBps, utcTime } from "./numbers.ts";
import type { Paint } from "./paint.ts";
import { renderTable } from "./table.ts";

export function renderWhoServed(answer: WhoServed, paint: Paint): string {
  const who = answer.tenant === null ? "" : ` for tenant ${answer.tenant}`;
  const routed =
    answer.candidate === null
      ? `${answer.baseline ?? "nothing"} for everyone`
      : `${answer.baseline ?? "nothing"}, and ${answer.candidate} for ${percentOfBps(answer.setShareBps)}`;
  const lines = [
    `${paint.bold(answer.feature)} at ${utcTime(answer.atMs)}${who}`,
    answer.sentence,
    `routed: ${routed}${answer.isKilled ? paint.red(" (killed)") : ""}`,
  ];
  if (answer.served.length === 0) return [...lines, "No stored exchange around then."].join("\n");
  const table = renderTable(
    ["release", "prompt", "exchanges", "by fallback", "first", "last"],
    answer.served.map((served) => [
      served.release,
      served.promptIdentity,
      count(served.exchanges),
      count(served.fallbacks),
      utcTime(served.firstAtMs),
      utcTime(served.lastAtMs),
    ]),
  );
  return [...lines, table].join("\n");
}
