import type { GateReport, Verdict } from "@spillway/contract";

/** [criterion, slice, verdict, estimate, low, high, baseline mean, candidate mean, n baseline, n candidate, log harm, log safety] */
type Line = readonly [
  string,
  string,
  Verdict["verdict"],
  number | null,
  number,
  number,
  number | null,
  number | null,
  number,
  number,
  number,
  number,
];

const LEVELS: Record<string, Verdict["levels"]> = {
  quality_score: { hold: 0.05, rollback: 0.1, margin: 0.05 },
  edit_rate: { hold: 0.01, rollback: 0.02, margin: 0.01 },
  error_rate: { hold: 0.005, rollback: 0.01, margin: 0.01 },
  latency_p95: { hold: 0.1, rollback: 0.2, margin: 0.1 },
  correction_rate: { hold: 1.25, rollback: 1.5, margin: 1.25 },
};

function verdictOf(line: Line): Verdict {
  const [
    criterionId,
    slice,
    verdict,
    estimate,
    low,
    high,
    baseline,
    candidate,
    nb,
    nc,
    harm,
    safe,
  ] = line;
  return {
    criterionId,
    metric: criterionId,
    slice,
    verdict,
    evidence: estimate === null ? (nc === 0 ? "no_data" : "error") : "measured",
    estimate,
    interval: estimate === null ? null : { low, high, level: 0.95 },
    baselineMean: baseline,
    candidateMean: candidate,
    observations: { baseline: nb, candidate: nc, pairs: 0 },
    logHarm: harm,
    logBlock: harm - 1,
    logSafety: safe,
    levels: LEVELS[criterionId] ?? { hold: null, rollback: 1, margin: 1 },
    method: criterionId === "latency_p95" ? "rate-ratio/1" : "betting-mean/1",
    sentence: sentenceOf(verdict, criterionId, slice, nb + nc),
    moreObservations: verdict === "inconclusive" ? 340 : null,
  };
}

function sentenceOf(verdict: Verdict["verdict"], id: string, slice: string, n: number): string {
  const where = slice === "*" ? "all traffic" : slice;
  const seen = `${n.toLocaleString("en-US")} exchanges of ${where}`;
  switch (verdict) {
    case "pass":
      return `${id} is safely inside its hold line on ${seen}.`;
    case "hold":
      return `${id} looks worse than its hold line allows on ${seen}; the ramp is frozen until that is settled.`;
    case "fail":
      return `${id} is proven to be beyond its rollback line on ${seen}.`;
    case "inconclusive":
      return `${id} is not settled on ${seen}; about 340 more candidate answers would settle it.`;
    default:
      return verdict satisfies never;
  }
}

export function report(lines: readonly Line[], more: Partial<GateReport> = {}): GateReport {
  const verdicts = lines.map(verdictOf);
  const worst =
    (["fail", "hold", "inconclusive"] as const).find((kind) =>
      verdicts.some(({ verdict }) => verdict === kind),
    ) ?? "pass";
  const culprit = verdicts.find(({ verdict }) => verdict === worst && worst !== "pass") ?? null;
  return {
    verdict: worst,
    verdicts,
    warnings: [],
    culprit,
    logHarm: culprit?.logHarm ?? -1,
    logBlock: culprit?.logBlock ?? -2,
    sentence: culprit?.sentence ?? "Every criterion passes.",
    method: "spillway-gate/1",
    ...more,
  };
}

export const SHADOW_REPORT = report([
  ["quality_score", "*", "pass", -0.004, -0.021, 0.013, 0.842, 0.845, 812, 812, -2.2, 4.4],
  ["latency_p95", "*", "inconclusive", 0.061, -0.03, 0.155, 2340, 2483, 812, 812, 0.3, 0.9],
  ["error_rate", "*", "pass", 0.0012, 0, 0.0044, 0.0025, 0.0012, 812, 812, -3, 5.1],
  [
    "quality_score",
    "document_type=cardiology",
    "inconclusive",
    0.031,
    -0.04,
    0.1,
    0.861,
    0.834,
    96,
    96,
    0.6,
    -0.4,
  ],
  [
    "quality_score",
    "document_type=surgery",
    "pass",
    -0.012,
    -0.05,
    0.02,
    0.832,
    0.842,
    344,
    344,
    -1.8,
    3.3,
  ],
  ["quality_score", "language=de", "pass", 0.002, -0.02, 0.03, 0.84, 0.838, 640, 640, -1.6, 3.6],
]);

export const HELD_REPORT = report([
  ["edit_rate", "*", "hold", 0.0134, 0.0021, 0.0247, 0.112, 0.1254, 7_310, 812, 3.1, -1.6],
  ["quality_score", "*", "pass", 0.0088, -0.004, 0.021, 0.812, 0.805, 7_310, 812, 0.1, 3.9],
  ["error_rate", "*", "pass", 0.0012, 0.0002, 0.0039, 0.0019, 0.0012, 7_310, 812, -3, 5.1],
  ["latency_p95", "*", "inconclusive", 0.082, 0.01, 0.16, 1890, 2045, 7_310, 812, 1.2, 0.1],
  ["correction_rate", "*", "inconclusive", null, 0, 0, null, null, 0, 0, 0, 0],
  ["edit_rate", "channel=email", "hold", 0.019, 0.003, 0.035, 0.121, 0.14, 3_202, 351, 3.4, -2],
  [
    "quality_score",
    "channel=email",
    "inconclusive",
    0.028,
    -0.008,
    0.064,
    0.81,
    0.787,
    3_202,
    351,
    0.8,
    0.2,
  ],
  [
    "edit_rate",
    "channel=chat",
    "inconclusive",
    0.009,
    -0.009,
    0.027,
    0.104,
    0.113,
    4_108,
    461,
    0.6,
    0.1,
  ],
  ["correction_rate", "language=fr", "inconclusive", null, 0, 0, null, null, 42, 4, 0, 0],
  [
    "quality_score",
    "channel=chat",
    "pass",
    -0.006,
    -0.024,
    0.012,
    0.814,
    0.819,
    4_108,
    461,
    -1.9,
    3.4,
  ],
  [
    "error_rate",
    "channel=chat",
    "pass",
    0.0011,
    0.0001,
    0.004,
    0.0016,
    0.0011,
    4_108,
    461,
    -2.4,
    4.6,
  ],
  [
    "error_rate",
    "channel=email",
    "pass",
    0.0014,
    0.0001,
    0.0049,
    0.0022,
    0.0014,
    3_202,
    351,
    -2.1,
    4.1,
  ],
  [
    "latency_p95",
    "channel=email",
    "inconclusive",
    0.11,
    -0.02,
    0.24,
    1940,
    2153,
    3_202,
    351,
    1.1,
    -0.3,
  ],
]);

export const BAD_REPORT = report([
  ["quality_score", "*", "hold", 0.034, 0.011, 0.057, 0.873, 0.843, 4_120, 452, 3.9, 0.8],
  ["error_rate", "*", "pass", 0.0022, 0.0004, 0.0049, 0.0021, 0.0022, 4_120, 452, -2, 4],
  ["latency_p95", "*", "pass", -0.04, -0.11, 0.03, 3120, 2995, 4_120, 452, -2, 4],
  [
    "quality_score",
    "document_type=invoice_foreign",
    "fail",
    0.218,
    0.131,
    0.304,
    0.881,
    0.689,
    402,
    47,
    9.4,
    -8,
  ],
  [
    "quality_score",
    "document_type=receipt",
    "inconclusive",
    0.022,
    -0.03,
    0.074,
    0.85,
    0.831,
    1_100,
    118,
    0.6,
    0.5,
  ],
  [
    "quality_score",
    "document_type=invoice",
    "pass",
    0.004,
    -0.014,
    0.022,
    0.879,
    0.875,
    2_618,
    287,
    -0.4,
    3.2,
  ],
]);

export const PASS_REPORT = report([
  ["quality_score", "*", "pass", -0.021, -0.034, -0.008, 0.774, 0.79, 5_480, 1_822, -4, 6.4],
  ["error_rate", "*", "pass", 0.0009, 0.0001, 0.0021, 0.0012, 0.0009, 5_480, 1_822, -3, 7],
  ["latency_p95", "*", "pass", 0.012, -0.02, 0.044, 840, 850, 5_480, 1_822, -0.6, 4.9],
]);
