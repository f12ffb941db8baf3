/**
 * What the CLI runs of the server, as it sees it. Declared here so that checking the CLI does not check
 * the whole server with it; local-server.ts is the only file that loads these modules.
 */
declare module "@spillway/server/main" {
  export function runServer(
    argv: string[],
    env: Record<string, string | undefined>,
  ): Promise<number>;
}

declare module "@spillway/server/backtest" {
  export type BacktestOptions = {
    readonly recordingsDir: string;
    readonly pairIds: string[] | "all";
    readonly withSameVersion?: boolean;
    readonly strategyFile?: string;
    readonly seeds: readonly number[];
    readonly throughGateway: boolean;
    readonly onProgress?: (text: string) => void;
  };

  /** How one recorded pair ended when it was released again. */
  export type BacktestResult = {
    readonly pair: string;
    readonly outcome: "completed" | "rolled_back" | "held";
    readonly stage: string | null;
    readonly reason: string;
    readonly metric: string | null;
    readonly slice: string | null;
    readonly observations: number;
    /** Answers of the candidate that people would have seen. */
    readonly exposed: number;
    readonly virtualHours: number;
    readonly seed: number;
    /** Held, and the recording is too small for anything else. */
    readonly isUndecidable: boolean;
    /** What the strategy judges and the recording has no values for. */
    readonly notJudged: readonly string[];
    /** Between the two versions over the whole recording, by metric. */
    readonly operational: Readonly<Record<string, OperationalMove>>;
  };

  /** Anytime interval of the change; null where there is none. */
  export type OperationalMove = {
    readonly baseline: number;
    readonly candidate: number;
    readonly change: number | null;
    readonly low: number | null;
    readonly high: number | null;
  };

  /**
   * How plays ended. Undecidable: the recording is too small to settle the question. Else something looked
   * worse (suspected), or the strategy gave its stages too little of the recording (unproven).
   */
  export type OutcomeCounts = {
    readonly completed: number;
    readonly rolledBack: number;
    readonly heldUndecidable: number;
    readonly heldSuspected: number;
    readonly heldUnproven: number;
  };

  export type PairSummary = OutcomeCounts & {
    readonly pair: string;
    readonly group: string;
    readonly plan: {
      readonly question: "harm" | "safety";
      readonly slice: string;
      readonly size: number;
      readonly observations: number;
      readonly needed: number | null;
      readonly chance: number;
      readonly suffices: boolean;
    } | null;
    readonly causes: readonly string[];
  };

  /** All plays against what was published of their pairs. */
  export type BacktestSummary = {
    readonly strategy: string;
    readonly seeds: readonly number[];
    readonly alpha: number;
    readonly confusion: readonly (OutcomeCounts & {
      readonly group: string;
      readonly pairs: number;
    })[];
    readonly pairs: readonly PairSummary[];
    /** Rollbacks of versions beside themselves, and how many of them chance may come to. */
    readonly sameVersion: {
      readonly plays: number;
      readonly rolledBack: number;
      readonly allowed: number;
      readonly level: number;
    } | null;
    readonly violations: readonly string[];
  };

  export function runBacktest(options: BacktestOptions): AsyncIterable<BacktestResult>;
  export function summarise(results: readonly BacktestResult[]): BacktestSummary;
}

declare module "@spillway/server/plan" {
  export type PlanOptions = {
    /** Content of a strategy file. */
    readonly document: Record<string, unknown>;
    readonly requestsPerHour: number;
    readonly baseline: Readonly<Record<string, number>>;
    readonly slices: readonly { readonly name: string; readonly share: number }[];
    /** Whose own metrics the criteria may name. */
    readonly feature?: {
      readonly metrics: readonly unknown[];
      readonly scorers: readonly { readonly metric: string }[];
    };
    readonly unit?: "request" | "conversation" | "user" | "tenant" | "attribute";
    readonly stickyUnits?: { readonly requestsPerUnit: number; readonly correlation: number };
    readonly slaLatencyMs?: number;
  };

  type Needed = {
    readonly p50: number | null;
    readonly p80: number | null;
    readonly p95: number | null;
  };

  type RowNeeds = {
    readonly detectOnce: Needed;
    readonly detectTwice: Needed;
    readonly clear: Needed;
  };

  export type PlanRow = {
    readonly criterionId: string;
    readonly metric: string;
    readonly slice: string;
    readonly status:
      "decidable" | "too_little" | "decided_before" | "never_seen" | "not_asked" | "unsupported";
    readonly isReview: boolean;
    readonly observationsPerHour: number;
    readonly observations: RowNeeds | null;
    readonly hours: RowNeeds | null;
    readonly enough: { readonly shareBps: number | null; readonly hours: number | null } | null;
    readonly sentence: string | null;
  };

  export type StrategyPlan = {
    readonly strategy: string;
    readonly requestsPerHour: number;
    readonly units: {
      readonly unit: string;
      readonly requestsPerUnit: number;
      readonly correlation: number;
    } | null;
    readonly stages: readonly {
      readonly name: string;
      readonly kind: string;
      readonly shareBps: number;
      readonly shadowBps: number;
      readonly evidence: "answers" | "pairs" | "none";
      readonly hoursAvailable: number | null;
      readonly rows: readonly PlanRow[];
    }[];
    readonly isDecidable: boolean;
    readonly warnings: readonly string[];
  };

  export function runPlan(options: PlanOptions): StrategyPlan;
}

declare module "@spillway/server/rehearse" {
  import type { PlanOptions, StrategyPlan } from "@spillway/server/plan";

  export type RehearsalOptions = PlanOptions & {
    readonly repetitions: number;
    readonly seed: number;
  };

  /** What came of all repetitions of one invented candidate. */
  export type ScenarioResult = {
    readonly scenario: {
      readonly id: string;
      readonly title: string;
      readonly kind: "harmless" | "harm" | "slice" | "late" | "delayed" | "outage";
      readonly criterionId: string | null;
      readonly times: number;
    };
    readonly repetitions: number;
    readonly rolledBack: number;
    readonly promoted: number;
    readonly undecided: number;
    readonly open: number;
    readonly rolledBackInTime: number;
    readonly hoursToRollback: { readonly median: number | null; readonly p95: number | null };
    readonly exposed: { readonly median: number; readonly p95: number };
    readonly medianHoursToPromote: number | null;
  };

  export type RehearsalReport = {
    readonly answer: string;
    readonly broken: readonly {
      readonly bound: "known_within" | "most_exposed" | "false_rollback";
      readonly scenario: string;
      readonly sentence: string;
    }[];
  };

  export type RehearsalStep =
    | { readonly kind: "scenario"; readonly result: ScenarioResult; readonly of: number }
    | {
        readonly kind: "report";
        readonly report: RehearsalReport;
        readonly units: StrategyPlan["units"];
      };

  export function runRehearsal(options: RehearsalOptions): AsyncIterable<RehearsalStep>;
}
