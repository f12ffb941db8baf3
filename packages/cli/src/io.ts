import type {
  RunBacktest,
  RunPlan,
  RunRehearsal,
  RunServer,
  SummariseBacktest,
} from "./local-server.ts";

export type OutputStream = {
  write(text: string): void;
  readonly isTerminal: boolean;
};

/** Everything that a command touches outside itself, so that a test can give all of it. */
export type Io = {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Of this machine, for timeouts. Times that people name are read by the server's clock. */
  nowMs(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  readonly runServer: RunServer;
  readonly runBacktest: RunBacktest;
  readonly runPlan: RunPlan;
  readonly runRehearsal: RunRehearsal;
  readonly summariseBacktest: SummariseBacktest;
};
