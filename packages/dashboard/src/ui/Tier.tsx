const MEANING: Record<number, string> = { 1: "high risk", 2: "middle risk", 3: "low risk" };

export function Tier({ tier }: { readonly tier: number }) {
  const look = tier === 1 ? "border-edge text-ink" : "border-line text-muted";
  return (
    <span
      title={`Risk tier ${tier}: ${MEANING[tier] ?? "unknown"}`}
      className={`rounded-sm border px-1 text-[0.6875rem] leading-4 font-medium whitespace-nowrap ${look}`}
    >
      Tier {tier}
    </span>
  );
}
