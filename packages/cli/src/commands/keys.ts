import type { KeyDraft } from "@spillway/contract";
import { Role } from "@spillway/contract";
import type { Command } from "commander";
import { Option } from "commander";
import type { ExitCode } from "../cli-error.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { renderKeys } from "../render/lists.ts";
import { durationMs } from "./option-values.ts";

type CreateOptions = {
  readonly scope: "control" | "gateway";
  readonly role?: Role;
  readonly feature?: string[];
  readonly expires?: number;
};

export function addKeys(program: Command, context: CommandContext): void {
  const keys = program.command("keys").description("List, create or revoke API keys.");
  keys
    .command("list")
    .description("List keys, without their secrets.")
    .action(() => context.finish(list(context)));
  keys
    .command("create")
    .description("Make a key. Its secret is printed once, alone on stdout.")
    .argument("<name>", "what the key is for")
    .addOption(
      new Option("--scope <scope>", "control: this API; gateway: calls features")
        .choices(["control", "gateway"])
        .default("control"),
    )
    .addOption(new Option("--role <role>", "of a control key").choices(Role.options))
    .option("--feature <feature...>", "features that a gateway key may call; all when left out")
    .option("--expires <duration>", "from now, such as 30d; never when left out", durationMs)
    .action((name: string, options: CreateOptions) =>
      context.finish(create(context, name, options)),
    );
  keys
    .command("revoke")
    .description("Revoke a key. Gateways refuse it with their next snapshot.")
    .argument("<id>", "id of the key")
    .action((id: string) => context.finish(revoke(context, id)));
}

async function list(context: CommandContext): Promise<ExitCode> {
  const client = await context.client();
  const found = await client.call("listKeys");
  context.print(found, () => renderKeys(found.items));
  return EXIT.done;
}

async function create(
  context: CommandContext,
  name: string,
  options: CreateOptions,
): Promise<ExitCode> {
  const { scope, role, feature, expires } = options;
  if (scope === "control" && role === undefined) {
    throw new CliError(`a control key needs a role: pass --role ${Role.options.join(", ")}.`);
  }
  if (scope === "gateway" && role !== undefined) {
    throw new CliError("a gateway key has no role: leave out --role, or pass --scope control.");
  }
  const client = await context.client();
  const { clock } = await client.call("health");
  const body: KeyDraft = {
    name,
    scope,
    ...(role === undefined ? {} : { role }),
    ...(feature === undefined ? {} : { features: feature }),
    ...(expires === undefined ? {} : { expiresAtMs: Math.round(clock.nowMs + expires) }),
  };
  const created = await client.call("createKey", { body });
  context.print(created, () => created.secret);
  context.say(`${created.id} (${created.name}) is made. The secret is not shown again.`);
  return EXIT.done;
}

async function revoke(context: CommandContext, id: string): Promise<ExitCode> {
  const client = await context.client();
  const key = await client.call("revokeKey", { params: { id } });
  context.print(key, () => `${key.id} (${key.name}) is revoked.`);
  return EXIT.done;
}
