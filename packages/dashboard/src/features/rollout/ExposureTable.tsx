import type { RolloutDetail } from "../../control/queries.ts";
import { Panel } from "../../ui/Panel.tsx";
import { count, share, spaced, visible } from "../../ui/words.ts";
import { Time } from "../../ui/Time.tsx";

const HEADS = ["Stage", "Set", "Actual", "Baseline", "Candidate", "Pairs", "Left out", "Newest"];

/** Observations per stage: a stage is a stratum, its share constant within it. */
export function ExposureTable({ rollout }: { readonly rollout: RolloutDetail }) {
  return (
    <Panel title="Exposures by stage" isPadded={false}>
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Exposures, scrollable">
        <table className="w-full min-w-[44rem]">
          <caption className="sr-only">Counted exchanges of each stage, by arm</caption>
          <thead>
            <tr className="border-b border-line text-left text-xs text-muted">
              {HEADS.map((head, index) => (
                <th
                  key={head}
                  scope="col"
                  className={`px-2 py-2 font-medium first:pl-4 last:pr-4 ${index > 0 && index < 6 ? "text-right" : ""}`}
                >
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rollout.exposures.map((exposure) => {
              const { baseline, candidate, pairs, excluded } = exposure;
              const both = baseline + candidate;
              const left = Object.entries(excluded).map(([why, n]) => `${spaced(why)} ${count(n)}`);
              return (
                <tr key={exposure.stageIndex} className="border-b border-line last:border-b-0">
                  <th scope="row" className="py-2 pr-2 pl-4 text-left font-medium">
                    {visible(rollout.stages[exposure.stageIndex]?.name ?? "unknown")}
                  </th>
                  <td className="px-2 text-right">{share(exposure.propensityBps)}</td>
                  <td className="px-2 text-right">
                    {both === 0 ? "none" : share((candidate / both) * 10_000)}
                  </td>
                  <td className="px-2 text-right">{count(baseline)}</td>
                  <td className="px-2 text-right">{count(candidate)}</td>
                  <td className="px-2 text-right">{count(pairs)}</td>
                  <td className="px-2 text-xs text-muted">
                    {left.length === 0 ? "nothing" : left.join(", ")}
                  </td>
                  <td className="pr-4 pl-2 text-xs text-muted">
                    {exposure.lastObservedAtMs === null ? (
                      "none"
                    ) : (
                      <Time ms={exposure.lastObservedAtMs} />
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {rollout.exposures.length === 0 && (
          <p className="p-4 text-muted">Nothing has been counted yet.</p>
        )}
      </div>
    </Panel>
  );
}
