/** What `--json` prints. */
export type CrashReport = {
  readonly rounds: number;
  /** Changes of state or acknowledged actions without a decision, its ledger entry or its replay. */
  readonly decisionsLost: number;
  /** Two decisions for one version, or two ledger entries for one decision. */
  readonly decisionsDoubled: number;
  /** Answered whole, and not in the database, or not in the evidence. */
  readonly exchangesLost: number;
  /** In the evidence more often than in the database. */
  readonly exchangesDoubled: number;
  /** Requests that failed although the gateway lived all the while. */
  readonly gatewayErrors: number;
  readonly rolloutsEndedRight: number;
};

export type CrashOutcome = {
  readonly report: CrashReport;
  /** Every single finding, in words. */
  readonly problems: readonly string[];
  readonly requestsAnswered: number;
  readonly decisions: number;
  readonly isRight: boolean;
};

export function renderReport({
  report,
  requestsAnswered,
  decisions,
  isRight,
}: CrashOutcome): string {
  const lines = [
    `rounds                ${report.rounds}`,
    `rollouts ended right  ${report.rolloutsEndedRight}`,
    `requests answered     ${requestsAnswered}`,
    `gateway errors        ${report.gatewayErrors}`,
    `exchanges             ${report.exchangesLost} lost, ${report.exchangesDoubled} doubled`,
    `decisions             ${decisions}: ${report.decisionsLost} lost, ${report.decisionsDoubled} doubled`,
    isRight ? "All is right." : "Something is wrong; see above.",
  ];
  return `${lines.join("\n")}\n`;
}
