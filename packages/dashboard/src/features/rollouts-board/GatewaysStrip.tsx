import type { Gateways } from "../../control/queries.ts";
import { count, durationInWords } from "../../ui/words.ts";
import { CheckIcon, TriangleIcon } from "../../ui/icons.tsx";

/** Which gateway serves which revision: set against actual, for the routing itself. */
export function GatewaysStrip({
  gateways,
  nowMs,
}: {
  readonly gateways: Gateways;
  readonly nowMs: number;
}) {
  const behind = gateways.items.filter((gateway) => !gateway.isCurrent).length;
  return (
    <section
      aria-label="Gateways"
      className="flex flex-wrap items-center gap-x-5 gap-y-1.5 rounded-lg border border-line bg-surface px-4 py-2 text-xs"
    >
      <span className="text-muted">
        Snapshot revision <b className="font-semibold text-ink">{gateways.snapshotRevision}</b>
        {gateways.items.length > 0 &&
          (behind === 0
            ? `, served by ${gateways.items.length === 1 ? "the gateway" : `all ${gateways.items.length} gateways`}`
            : `, ${behind} of ${gateways.items.length} ${gateways.items.length === 1 ? "gateway" : "gateways"} behind`)}
      </span>
      <ul className="contents">
        {gateways.items.map((gateway) => (
          <li
            key={gateway.id}
            title={`Last seen ${durationInWords(nowMs - gateway.lastSeenAtMs)} ago; ${count(gateway.spooledExchanges)} exchanges to deliver; ${count(gateway.droppedExchanges)} dropped since its start`}
            className={`inline-flex items-center gap-1.5 ${gateway.isCurrent ? "" : "rounded bg-hold-soft px-1.5 py-0.5 font-medium text-hold"}`}
          >
            <span className={gateway.isCurrent ? "text-pass" : ""}>
              {gateway.isCurrent ? <CheckIcon /> : <TriangleIcon />}
            </span>
            <span className="font-mono">{gateway.id}</span>
            <span className={gateway.isCurrent ? "text-muted" : ""}>
              serves {gateway.snapshotRevision}
              {gateway.isCurrent
                ? ""
                : `, ${gateways.snapshotRevision - gateway.snapshotRevision} behind`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
