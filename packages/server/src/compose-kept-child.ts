import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import type { ProcessRecord } from "./compose-process-file.ts";
import type { Log, Wall } from "./ports.ts";

export type KeptChild = {
  readonly process: () => ProcessRecord["control"];
  readonly ready: Promise<void>;
  readonly stop: () => Promise<void>;
};

export type KeptChildOptions = {
  readonly role: "control" | "gateway";
  /** What the child gets as its environment, apart from its role. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What to run for a role: this server's own entry file. */
  readonly entry: string;
  readonly log: Log;
  readonly wall: Wall;
  /**
   * Aborted as soon as everything is to end. A signal to the process group reaches the child as well,
   * so it may end before its own turn to be stopped; that is no failure, and it is not started again.
   */
  readonly ending: AbortSignal;
  /** Told after a child has started, has become ready, or has ended. */
  readonly onChange: () => void;
};

const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 5_000;
/** A child that ran this long was healthy: its end does not belong to a row of failures. */
const HEALTHY_AFTER_MS = 20_000;
/** A child that has not drained by then is killed. */
const STOP_MS = 15_000;

/**
 * running --exit--> waiting (100 ms, doubled in a row of failures) --> running; stop and the
 * end of everything end it for ever.
 */
export function keepChildRunning(options: KeptChildOptions): KeptChild {
  const { role, env, entry, log, wall, ending, onChange } = options;
  const stopping = new AbortController();
  const over = AbortSignal.any([stopping.signal, ending]);
  let child: ChildProcess | null = null;
  let readyAtMs: number | null = null;
  let setReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    setReady = resolve;
  });

  const runOnce = (): Promise<{ code: number | null; signal: string | null }> =>
    new Promise((resolve) => {
      const started = spawn(process.execPath, [entry], {
        env: { ...env, SPILLWAY_ROLE: role },
        // The channel ends when this process does, however it ends: the child then drains and exits.
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      child = started;
      onChange();
      started.on("message", (message) => {
        if (message !== "ready") return;
        readyAtMs = wall.nowMs();
        setReady();
        onChange();
      });
      started.once("error", () => resolve({ code: 1, signal: null }));
      started.once("exit", (code, signal) => resolve({ code, signal }));
    });

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!over.aborted) {
      const startedAtMs = wall.nowMs();
      const exit = await runOnce();
      child = null;
      readyAtMs = null;
      onChange();
      if (over.aborted) return;
      if (wall.nowMs() - startedAtMs > HEALTHY_AFTER_MS) failures = 0;
      const delayMs = Math.min(RESTART_MAX_MS, RESTART_MIN_MS * 2 ** failures);
      failures += 1;
      log.warn(`The ${role} process ended; it is started again`, { ...exit, delayMs });
      await wall.sleep(delayMs, over).catch(() => undefined);
    }
  };

  const running = run();
  return {
    process: () => ({ pid: child?.pid ?? 0, readyAtMs }),
    ready,
    stop: async () => {
      stopping.abort();
      const last = child;
      last?.kill("SIGTERM");
      const killing = new AbortController();
      void wall.sleep(STOP_MS, killing.signal).then(
        () => last?.kill("SIGKILL"),
        () => undefined,
      );
      await running;
      killing.abort();
    },
  };
}
