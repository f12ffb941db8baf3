import type { PostmasterExit } from "./postmaster.ts";
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from "./start-embedded-postgres.ts";

/**
 * A server that comes back after an unexpected end, on the same port and with the same password,
 * so that every pool reconnects by itself.
 *
 *   running --unexpected exit--> waiting --delay over--> starting --ready--> running
 *   starting --failure--> waiting (longer)        any --stop--> stopped (for ever)
 *
 * It never gives up: there is nothing else a Spillway without its database could do, and the delay
 * has an upper bound. Gateways serve from their snapshot meanwhile.
 */
export type KeptEmbeddedPostgres = {
  readonly url: string;
  readonly port: number;
  /** The pid of the present server; 0 between two. */
  readonly pid: () => number;
  readonly stop: () => Promise<void>;
};

export async function keepEmbeddedPostgresRunning(
  options: EmbeddedPostgresOptions,
  /** Told after a server has become ready or has ended. */
  onChange: () => void = () => {},
): Promise<KeptEmbeddedPostgres> {
  const first = await startEmbeddedPostgres(options);
  const keeper = new Keeper({ ...options, port: first.port }, first, onChange);
  return { url: first.url, port: first.port, pid: () => keeper.pid(), stop: () => keeper.stop() };
}

const RESTART_DELAY_MIN_MS = 100;
const RESTART_DELAY_MAX_MS = 10_000;

/** A server that ran this long was healthy: its end does not belong to a row of failures. */
const HEALTHY_AFTER_MS = 60_000;

/** The pause before the attempt with this number, counted from 1 within a row of failures. */
export function restartDelayMs(attempt: number): number {
  return Math.min(RESTART_DELAY_MAX_MS, RESTART_DELAY_MIN_MS * 2 ** Math.min(attempt - 1, 20));
}

class Keeper {
  readonly #options: EmbeddedPostgresOptions;
  readonly #onChange: () => void;
  #current: EmbeddedPostgres | null;
  #startedAtMs = performance.now();
  #failures = 0;
  #isStopped = false;
  #starting: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: EmbeddedPostgresOptions, first: EmbeddedPostgres, onChange: () => void) {
    this.#options = options;
    this.#onChange = onChange;
    this.#current = first;
    this.#watch(first);
  }

  pid(): number {
    return this.#current?.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    // A start in flight is awaited, so that its server is stopped too and nothing is orphaned.
    await this.#starting;
    await this.#current?.stop();
  }

  #watch(server: EmbeddedPostgres): void {
    server.onExit((exit: PostmasterExit) => {
      this.#current = null;
      this.#onChange();
      if (this.#isStopped || exit.isWanted) return;
      if (performance.now() - this.#startedAtMs > HEALTHY_AFTER_MS) this.#failures = 0;
      this.#options.log.warn(
        `PostgreSQL (${server.pid}) ended unexpectedly ` +
          `(exit code ${exit.exitCode ?? "none"}, signal ${exit.signal ?? "none"}); restarting it`,
      );
      this.#scheduleStart();
    });
  }

  #scheduleStart(): void {
    this.#failures += 1;
    this.#timer = setTimeout(() => {
      this.#starting = this.#start();
    }, restartDelayMs(this.#failures));
  }

  async #start(): Promise<void> {
    try {
      this.#startedAtMs = performance.now();
      this.#current = await startEmbeddedPostgres(this.#options);
      this.#options.log.info(`PostgreSQL runs again (${this.#current.pid})`);
      this.#watch(this.#current);
      this.#onChange();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log.error(`PostgreSQL could not be restarted: ${reason}`);
      if (!this.#isStopped) this.#scheduleStart();
    }
  }
}
