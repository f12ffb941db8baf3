import type { ExitCode } from "./cli-error.ts";
import { EXIT } from "./cli-error.ts";
import type { Io } from "./io.ts";
import { createProgram } from "./program.ts";
import { describeError } from "./report-error.ts";

/** Runs one command. Returns its exit code; the only place that turns errors into words. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: ExitCode = EXIT.done;
  const { program, context } = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    const keySource = await context.connection().then(
      (connection) => connection.keySource,
      () => null,
    );
    const described = describeError(error, keySource);
    if (described.text !== "") context.say(`error: ${described.text}`);
    if (context.isJson() && described.error !== null) context.printError(described.error);
    return described.exitCode;
  }
}
