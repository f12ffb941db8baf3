import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CliError } from "./cli-error.ts";

export type ConnectionOptions = { readonly url?: string; readonly key?: string };

export type Connection = {
  readonly baseUrl: string;
  readonly key: string | null;
  /** Where the key was found, or why none was; for the message when the server refuses it. */
  readonly keySource: string;
};

type Surroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
};

/** Address and key: from the options, the environment, or the files of a server on this machine. */
export async function findConnection(
  options: ConnectionOptions,
  { env, cwd }: Surroundings,
): Promise<Connection> {
  const baseUrl = baseUrlOf(options.url ?? given(env["SPILLWAY_URL"]), env);
  if (options.key !== undefined) return { baseUrl, key: options.key, keySource: "--key" };
  const fromEnv = given(env["SPILLWAY_KEY"]);
  if (fromEnv !== undefined) return { baseUrl, key: fromEnv, keySource: "SPILLWAY_KEY" };
  const file = join(resolve(cwd, given(env["SPILLWAY_DATA_DIR"]) ?? ".spillway"), "admin-key");
  // The key of this machine's server is for this machine: another host must not be shown it.
  if (!isLoopback(baseUrl)) {
    return { baseUrl, key: null, keySource: `none: ${file} is only used for a local address` };
  }
  const key = await readAdminKey(file);
  return { baseUrl, key, keySource: key === null ? `none: there is no ${file}` : file };
}

/** The secret as the server wrote it at its first start: plain text, or JSON with a `secret`. */
async function readAdminKey(file: string): Promise<string | null> {
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    const message = `cannot read ${file}: ${(cause as Error).message}. Pass --key, or set SPILLWAY_KEY.`;
    throw new CliError(message, undefined, { cause });
  }
  const secret = text.startsWith("{") ? secretOf(text) : text;
  if (secret === "" || /\s/.test(secret)) {
    throw new CliError(
      `${file} holds no key: wanted one line with the secret, or JSON with a "secret". Pass --key instead, or let the server write it again.`,
    );
  }
  return secret;
}

function secretOf(json: string): string {
  try {
    const parsed = JSON.parse(json) as { secret?: unknown; key?: unknown };
    const secret = parsed.secret ?? parsed.key;
    return typeof secret === "string" ? secret : "";
  } catch {
    return "";
  }
}

function baseUrlOf(url: string | undefined, env: Surroundings["env"]): string {
  const text = url ?? `http://127.0.0.1:${given(env["SPILLWAY_CONTROL_PORT"]) ?? "4200"}`;
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return text;
  throw new CliError(
    `"${text}" is not the address of a control API. Wanted something like http://127.0.0.1:4200, in --url or SPILLWAY_URL.`,
  );
}

function isLoopback(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/** `NAME=` in an environment file means not given. */
function given(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
