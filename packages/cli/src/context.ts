import type { ControlClient } from "@spillway/sdk";
import { createControlClient } from "@spillway/sdk";
import type { ExitCode } from "./cli-error.ts";
import type { Connection, ConnectionOptions } from "./connection.ts";
import { findConnection } from "./connection.ts";
import type { Io } from "./io.ts";
import type { Paint } from "./render/paint.ts";
import { createPaint } from "./render/paint.ts";
import { printable } from "./render/printable.ts";
import type { ErrorObject } from "./report-error.ts";

export type GlobalOptions = ConnectionOptions & { readonly json?: boolean };

/** What every command gets. */
export type CommandContext = {
  readonly io: Io;
  connection(): Promise<Connection>;
  client(): Promise<ControlClient>;
  isJson(): boolean;
  /** The result on stdout: the API object unchanged with --json, else rendered for people. */
  print(result: unknown, render: (paint: Paint) => string): void;
  /** In the place of a result, with --json; one line, since some results are objects a line. */
  printError(error: ErrorObject): void;
  /** Words beside the result, on stderr. */
  say(text: string): void;
  /** Takes the command's exit code when it has ended. */
  finish(command: Promise<ExitCode>): Promise<void>;
};

export function createContext(
  io: Io,
  options: () => GlobalOptions,
  onExit: (code: ExitCode) => void,
): CommandContext {
  const isColoured = io.stdout.isTerminal && (io.env["NO_COLOR"] ?? "") === "";
  const connection = () => findConnection(options(), io);
  const isJson = () => options().json === true;
  return {
    io,
    connection,
    isJson,
    client: async () => {
      const { baseUrl, key } = await connection();
      return createControlClient({ baseUrl, key });
    },
    print: (result, render) => {
      const text = isJson()
        ? JSON.stringify(result, null, 2)
        : printable(render(createPaint(isColoured)), isColoured ? "keep" : "remove");
      io.stdout.write(`${text}\n`);
    },
    printError: (error) => io.stdout.write(`${JSON.stringify({ error })}\n`),
    say: (text) => io.stderr.write(`${printable(text, "remove")}\n`),
    finish: async (command) => onExit(await command),
  };
}
