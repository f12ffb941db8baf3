import type { Io } from "../src/io.ts";
import { main } from "../src/run-command.ts";

export type CliRun = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type CliSurroundings = Partial<Omit<Io, "stdout" | "stderr">> & {
  readonly isTerminal?: boolean;
};

/** Runs a command in this process. Time stands still but for what is slept, and sleeping is free. */
export async function runCli(argv: string[], given: CliSurroundings = {}): Promise<CliRun> {
  const written = { stdout: "", stderr: "" };
  const streamOf = (name: "stdout" | "stderr") => ({
    write: (text: string) => {
      written[name] += text;
    },
    isTerminal: given.isTerminal ?? false,
  });
  let nowMs = 0;
  const code = await main(argv, {
    env: {},
    cwd: import.meta.dirname,
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
    runServer: () => Promise.reject(new Error("no server in this test")),
    runBacktest: () => {
      throw new Error("no backtest in this test");
    },
    runPlan: () => Promise.reject(new Error("no plan in this test")),
    runRehearsal: () => {
      throw new Error("no rehearsal in this test");
    },
    summariseBacktest: () => Promise.reject(new Error("no backtest in this test")),
    ...given,
    stdout: streamOf("stdout"),
    stderr: streamOf("stderr"),
  });
  return { code, ...written };
}
