import pino from "pino";
import type { DestinationStream } from "pino";
import type { Log } from "../ports.ts";

type Fields = Readonly<Record<string, unknown>>;

const REDACTED_NAMES = ["authorization", "apiKey", "token", "secret", "password", "x-api-key"];

export type LogOptions = {
  readonly level: "error" | "warn" | "info" | "debug" | "silent";
  readonly name?: string;
  /** Standard output when absent. */
  readonly destination?: DestinationStream;
};

/** JSON lines. Fields named like a secret are redacted, at the top and one level down. */
export function createLog(options: LogOptions): Log {
  const logger = pino(
    {
      level: options.level,
      base: options.name === undefined ? {} : { process: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // The whole cause chain: an error that wraps another says little without it.
      serializers: { error: pino.stdSerializers.errWithCause },
      redact: {
        paths: REDACTED_NAMES.flatMap((name) => [`["${name}"]`, `*["${name}"]`]),
        censor: "[redacted]",
      },
    },
    options.destination ?? pino.destination(1),
  );
  const at =
    (level: "error" | "warn" | "info" | "debug") =>
    (message: string, fields: Fields = {}) =>
      logger[level](fields, message);
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}
