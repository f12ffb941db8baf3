import { Command } from "commander";
import type { ExitCode } from "./cli-error.ts";
import { addApply } from "./commands/apply.ts";
import { addBacktest } from "./commands/backtest.ts";
import { addDecisions } from "./commands/decisions.ts";
import { addDiff } from "./commands/diff.ts";
import { addFeatureMoves } from "./commands/feature-moves.ts";
import { addFeedback } from "./commands/feedback.ts";
import { addGet } from "./commands/get.ts";
import { addKeys } from "./commands/keys.ts";
import { addLedger } from "./commands/ledger.ts";
import { addPlan } from "./commands/plan.ts";
import { addRehearse } from "./commands/rehearse.ts";
import { addRolloutActions } from "./commands/rollout-actions.ts";
import { addStart } from "./commands/start.ts";
import { addStatus } from "./commands/status.ts";
import { addUp } from "./commands/up.ts";
import { addWhoServed } from "./commands/who-served.ts";
import type { CommandContext, GlobalOptions } from "./context.ts";
import { createContext } from "./context.ts";
import type { Io } from "./io.ts";

const VERSION = "0.1.0";

export type Program = { readonly program: Command; readonly context: CommandContext };

/** The command table. It is also what docs/cli.md is checked against. */
export function createProgram(io: Io, onExit: (code: ExitCode) => void): Program {
  const program = new Command("spillway")
    .description("Controlled release for AI.")
    .version(VERSION, "-V, --version", "print the version")
    .option("--url <url>", "control API (SPILLWAY_URL, http://127.0.0.1:4200)")
    .option("--key <secret>", "API key (SPILLWAY_KEY, or this machine's admin-key file)")
    .option("--json", "print the API's object on stdout, unchanged")
    .addHelpText(
      "after",
      "\nExit codes: 0 done or healthy, 1 failed or degraded, 2 wrong usage, 3 undecided or timed out.",
    )
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  const context = createContext(io, () => program.opts<GlobalOptions>(), onExit);
  for (const add of [
    addUp,
    addApply,
    addGet,
    addStatus,
    addStart,
    addRolloutActions,
    addFeatureMoves,
    addDecisions,
    addLedger,
    addWhoServed,
    addFeedback,
    addKeys,
    addDiff,
    addPlan,
    addRehearse,
    addBacktest,
  ]) {
    add(program, context);
  }
  return { program, context };
}
