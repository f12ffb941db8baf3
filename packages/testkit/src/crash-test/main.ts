/**
 * `npm run crash-test -- --rounds 20 --json`: kill -9 of the control plane, the gateway and PostgreSQL at
 * random moments of real rollouts, and then an audit of everything that was promised to clients.
 * stdout has the result and nothing else; 0 only when all is right.
 */
import { randomInt } from "node:crypto";
import { parseOptions } from "./options.ts";
import { renderReport } from "./report.ts";
import { runCrashTest } from "./run-crash-test.ts";

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv, () => randomInt(1, 2 ** 31));
  const outcome = await runCrashTest({ ...options, say });
  for (const problem of outcome.problems) say(`WRONG: ${problem}`);
  process.stdout.write(
    options.isJson ? `${JSON.stringify(outcome.report)}\n` : renderReport(outcome),
  );
  return outcome.isRight ? 0 : 1;
}

function say(words: string): void {
  process.stderr.write(`${words}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 2;
}
