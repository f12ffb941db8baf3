import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { isTransientDatabaseError } from "./database-error.ts";
import type { Log } from "../ports.ts";

/** The payload of a notification; null when notifications may have been missed. */
export type NotificationCallback = (payload: string | null) => void;

/**
 * One connection that listens, and comes back after every loss.
 *
 *   idle --first listen--> connecting --connected, LISTEN sent--> listening
 *   listening --connection lost--> connecting (with back-off)      any --close--> closed
 *
 * After every connection but the first each callback runs once with null: what was notified in
 * between is lost, so the callback must look at the tables. Notifications are a hint to look now,
 * never the only way to learn of a change.
 */
export type Listener = {
  readonly listen: (channel: string, callback: NotificationCallback) => Promise<() => void>;
  readonly close: () => Promise<void>;
};

const RECONNECT_MIN_MS = 50;
const RECONNECT_MAX_MS = 5_000;
const CONNECT_TIMEOUT_MS = 10_000;

export function createListener(config: pg.ClientConfig, log: Log): Listener {
  const listener = new ReconnectingListener(config, log);
  return {
    listen: (channel, callback) => listener.listen(channel, callback),
    close: () => listener.close(),
  };
}

class ReconnectingListener {
  readonly #config: pg.ClientConfig;
  readonly #log: Log;
  readonly #callbacks = new Map<string, Set<NotificationCallback>>();
  readonly #closing = new AbortController();
  #client: pg.Client | null = null;
  #connecting: Promise<void> | null = null;
  #wasConnected = false;

  constructor(config: pg.ClientConfig, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  async listen(channel: string, callback: NotificationCallback): Promise<() => void> {
    const callbacks = this.#callbacks.get(channel) ?? new Set();
    const isNew = callbacks.size === 0;
    callbacks.add(callback);
    this.#callbacks.set(channel, callbacks);
    const client = this.#client;
    if (client === null) {
      await this.#connect();
    } else if (isNew) {
      await this.#sendListen(client, channel).catch((error: unknown) => {
        if (!isTransientDatabaseError(error)) throw error;
        // The connection was lost just now; the next one listens to every known channel.
        return this.#connect();
      });
    }
    return () => callbacks.delete(callback);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#connecting;
    await this.#client?.end().catch(() => undefined);
    this.#client = null;
  }

  /** All callers share one attempt; it ends when listening or closed. */
  #connect(): Promise<void> {
    this.#connecting ??= this.#connectUntilDone().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #connectUntilDone(): Promise<void> {
    let delayMs = RECONNECT_MIN_MS;
    while (!this.#closing.signal.aborted) {
      const client = await this.#tryConnect();
      if (client !== null) {
        this.#announce();
        return;
      }
      await this.#pause(delayMs);
      delayMs = Math.min(RECONNECT_MAX_MS, delayMs * 2);
    }
  }

  async #tryConnect(): Promise<pg.Client | null> {
    const client = new pg.Client({
      ...this.#config,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    client.on("error", (error) => this.#log.debug(`listening connection: ${error.message}`));
    client.on("notification", ({ channel, payload }) => this.#notify(channel, payload ?? ""));
    client.on("end", () => this.#onEnd(client));
    try {
      await client.connect();
      // Set before LISTEN is sent: a channel added meanwhile then sends its own.
      this.#client = client;
      for (const channel of this.#callbacks.keys()) await this.#sendListen(client, channel);
      return client;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn(`the listening connection could not be made: ${reason}`);
      if (this.#client === client) this.#client = null;
      await client.end().catch(() => undefined);
      return null;
    }
  }

  #onEnd(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    if (this.#closing.signal.aborted) return;
    this.#log.warn("the listening connection to the database was lost; reconnecting");
    void this.#connect();
  }

  #announce(): void {
    const isReconnect = this.#wasConnected;
    this.#wasConnected = true;
    if (!isReconnect) return;
    this.#log.info("the listening connection to the database is back");
    for (const channel of this.#callbacks.keys()) this.#notify(channel, null);
  }

  #notify(channel: string, payload: string | null): void {
    for (const callback of this.#callbacks.get(channel) ?? []) {
      try {
        callback(payload);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.error(`a callback of channel ${channel} threw: ${reason}`);
      }
    }
  }

  async #sendListen(client: pg.Client, channel: string): Promise<void> {
    await client.query(`listen ${client.escapeIdentifier(channel)}`);
  }

  async #pause(delayMs: number): Promise<void> {
    // Aborted by `close`, which then ends the loop.
    await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}
