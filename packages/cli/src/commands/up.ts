import type { Command } from "commander";
import type { ExitCode } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";

export function addUp(program: Command, context: CommandContext): void {
  program
    .command("up")
    .summary("run the server here, in the foreground")
    .description(
      "Run the server in the foreground. Its own options follow; its exit code is passed on.",
    )
    .argument("[arguments...]", "options of the server")
    .allowUnknownOption()
    .action((args: string[]) => {
      const { runServer, env } = context.io;
      // The server's exit codes are its own and are passed on as they are.
      return context.finish(runServer(args, env) as Promise<ExitCode>);
    });
}
