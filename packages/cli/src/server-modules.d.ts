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
    readonly strategyFile?: string;
    readonly seed: number;
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
  };

  export function runBacktest(options: BacktestOptions): AsyncIterable<BacktestResult>;
}
