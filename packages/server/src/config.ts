import { AppError } from "@spillway/core";

/**
 * What a process is told at its start, parsed once from the environment and frozen. `all` supervises:
 * it runs PostgreSQL, a control process and a gateway process as its children.
 */
export type Role = "all" | "control" | "gateway";

export type ProviderEndpoint = {
  readonly name: string;
  readonly baseUrl: string;
  /** Empty for endpoints without keys. Never logged. */
  readonly apiKey: string;
};

export type Config = {
  readonly role: Role;
  readonly dataDir: string;
  readonly host: string;
  readonly gatewayPort: number;
  readonly controlPort: number;
  /** Null: PostgreSQL runs in the data folder. */
  readonly databaseUrl: string | null;
  /** Where a gateway finds its control plane. */
  readonly controlUrl: string;
  /** Shared secret of gateways and control plane; null = made and kept in the data folder. */
  readonly gatewayToken: string | null;
  /** Folder of recordings that the `recorded` provider serves; null = none. */
  readonly recordingsDir: string | null;
  readonly providers: readonly ProviderEndpoint[];
  readonly clock: { readonly speed: number; readonly anchorWallMs: number | null };
  readonly bodyLimitBytes: number;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
};

type Env = Readonly<Record<string, string | undefined>>;

const MEBIBYTE = 1_048_576;

/** Every variable that Spillway reads, with what it is for: docs/configuration.md is held against it. */
export const ENVIRONMENT_VARIABLES = {
  SPILLWAY_ROLE: "all (default), control or gateway",
  SPILLWAY_DATA_DIR: "data folder, default .spillway",
  SPILLWAY_HOST: "address to listen on, default 127.0.0.1",
  SPILLWAY_GATEWAY_PORT: "port of the gateway, default 4100",
  SPILLWAY_CONTROL_PORT: "port of the control API and dashboard, default 4200",
  DATABASE_URL: "a PostgreSQL server instead of the embedded one",
  SPILLWAY_CONTROL_URL: "where a gateway finds its control plane, default this machine",
  SPILLWAY_GATEWAY_TOKEN:
    "shared secret of gateways and control plane; default: made at first start",
  SPILLWAY_RECORDINGS_DIR: "folder of recordings that the recorded provider serves",
  SPILLWAY_PROVIDERS:
    'OpenAI-compatible endpoints as JSON: [{"name":"local","baseUrl":"http://127.0.0.1:8080/v1","apiKeyEnv":"LOCAL_KEY"}]',
  OPENAI_API_KEY: "key of the provider named openai",
  OPENAI_BASE_URL: "address of the provider named openai, default https://api.openai.com/v1",
  SPILLWAY_CLOCK_SPEED: "how much faster than real time the system's clock runs, default 1",
  SPILLWAY_CLOCK_ANCHOR_MS: "wall time at which a faster clock agreed with the wall",
  SPILLWAY_BODY_LIMIT_BYTES: "largest request body, default 10 MiB",
  SPILLWAY_LOG_LEVEL: "debug, info (default), warn, error or silent",
} as const;

/** Throws `invalid_configuration` naming the variable, the value found and the value wanted. */
export function parseConfig(env: Env): Config {
  const controlPort = port(env, "SPILLWAY_CONTROL_PORT", 4200);
  return Object.freeze({
    role: oneOf(env, "SPILLWAY_ROLE", ["all", "control", "gateway"] as const),
    dataDir: text(env, "SPILLWAY_DATA_DIR") ?? ".spillway",
    host: text(env, "SPILLWAY_HOST") ?? "127.0.0.1",
    gatewayPort: port(env, "SPILLWAY_GATEWAY_PORT", 4100),
    controlPort,
    databaseUrl: url(env, "DATABASE_URL", ["postgres:", "postgresql:"]),
    controlUrl:
      url(env, "SPILLWAY_CONTROL_URL", HTTP_PROTOCOLS) ?? `http://127.0.0.1:${controlPort}`,
    gatewayToken: text(env, "SPILLWAY_GATEWAY_TOKEN"),
    recordingsDir: text(env, "SPILLWAY_RECORDINGS_DIR"),
    providers: providers(env),
    clock: {
      speed: number(env, "SPILLWAY_CLOCK_SPEED", { fallback: 1, min: 0.001, max: 1_000_000 }),
      anchorWallMs: optionalWhole(env, "SPILLWAY_CLOCK_ANCHOR_MS"),
    },
    bodyLimitBytes: whole(env, "SPILLWAY_BODY_LIMIT_BYTES", {
      fallback: 10 * MEBIBYTE,
      min: 1_024,
      max: 1_024 * MEBIBYTE,
    }),
    logLevel: oneOf(env, "SPILLWAY_LOG_LEVEL", [
      "info",
      "debug",
      "warn",
      "error",
      "silent",
    ] as const),
  });
}

type Name = keyof typeof ENVIRONMENT_VARIABLES;

function text(env: Env, name: Name): string | null {
  const found = env[name]?.trim();
  return found === undefined || found === "" ? null : found;
}

function oneOf<const Choice extends string>(
  env: Env,
  name: Name,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const found = text(env, name);
  if (found === null) return choices[0];
  const choice = choices.find((candidate) => candidate === found);
  if (choice === undefined) refuse(name, found, `one of ${choices.join(", ")}`);
  return choice;
}

function port(env: Env, name: Name, fallback: number): number {
  return whole(env, name, { fallback, min: 0, max: 65_535 });
}

type Bounds = {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  readonly kind?: "a whole number";
};

function whole(env: Env, name: Name, bounds: Bounds): number {
  const found = number(env, name, { ...bounds, kind: "a whole number" });
  if (Number.isInteger(found)) return found;
  return refuse(name, String(found), `a whole number from ${bounds.min} to ${bounds.max}`);
}

function number(env: Env, name: Name, bounds: Bounds): number {
  const found = text(env, name);
  if (found === null) return bounds.fallback;
  const parsed = Number(found);
  if (!Number.isFinite(parsed) || parsed < bounds.min || parsed > bounds.max) {
    refuse(name, found, `${bounds.kind ?? "a number"} from ${bounds.min} to ${bounds.max}`);
  }
  return parsed;
}

function optionalWhole(env: Env, name: Name): number | null {
  return text(env, name) === null
    ? null
    : whole(env, name, { fallback: 0, min: 0, max: Number.MAX_SAFE_INTEGER });
}

const HTTP_PROTOCOLS = ["http:", "https:"];

/** An address that cannot work is found here and not at the first request. */
function url(env: Env, name: Name, protocols: readonly string[]): string | null {
  const found = text(env, name);
  if (found === null || hasProtocol(found, protocols)) return found;
  const wanted = protocols.map((protocol) => `${protocol}//`).join(" or ");
  return refuse(name, withoutPassword(found), `a URL that begins with ${wanted}`);
}

function hasProtocol(found: string, protocols: readonly string[]): boolean {
  return URL.canParse(found) && protocols.includes(new URL(found).protocol);
}

/** Up to the last "@": a password may hold one of its own. */
function withoutPassword(found: string): string {
  return found.replace(/:[^/@][^]*@/, ":***@");
}

function providers(env: Env): ProviderEndpoint[] {
  const openAi: ProviderEndpoint = {
    name: "openai",
    baseUrl: url(env, "OPENAI_BASE_URL", HTTP_PROTOCOLS) ?? "https://api.openai.com/v1",
    apiKey: text(env, "OPENAI_API_KEY") ?? "",
  };
  const found = text(env, "SPILLWAY_PROVIDERS");
  if (found === null) return [openAi];
  return [openAi, ...parseProviders(found, env)];
}

function parseProviders(found: string, env: Env): ProviderEndpoint[] {
  const wanted = 'a JSON array such as [{"name":"local","baseUrl":"http://127.0.0.1:8080/v1"}]';
  let parsed: unknown;
  try {
    parsed = JSON.parse(found);
  } catch {
    refuse("SPILLWAY_PROVIDERS", found, wanted);
  }
  if (!Array.isArray(parsed)) refuse("SPILLWAY_PROVIDERS", found, wanted);
  return parsed.map((entry: unknown, index) => parseProvider(entry, index, env));
}

function parseProvider(entry: unknown, index: number, env: Env): ProviderEndpoint {
  const at = `SPILLWAY_PROVIDERS[${index}]`;
  if (typeof entry !== "object" || entry === null) {
    return refuse(at, JSON.stringify(entry), "an object with name and baseUrl");
  }
  const { name, baseUrl, apiKeyEnv } = entry as Record<string, unknown>;
  if (typeof name !== "string" || name === "") {
    return refuseField(`${at}.name`, name, "what a model component calls its provider");
  }
  const wanted = "a URL that begins with http:// or https://, such as http://127.0.0.1:8080/v1";
  if (typeof baseUrl !== "string") return refuseField(`${at}.baseUrl`, baseUrl, wanted);
  if (!hasProtocol(baseUrl, HTTP_PROTOCOLS)) {
    return refuse(`${at}.baseUrl`, withoutPassword(baseUrl), wanted);
  }
  const apiKey = typeof apiKeyEnv === "string" ? (env[apiKeyEnv] ?? "") : "";
  return { name, baseUrl, apiKey };
}

function refuseField(name: string, found: unknown, wanted: string): never {
  if (found !== undefined) return refuse(name, JSON.stringify(found), wanted);
  throw new AppError("invalid_configuration", `${name} is missing; wanted ${wanted}.`);
}

function refuse(name: string, found: string, wanted: string): never {
  const shown = found.length > 80 ? `${found.slice(0, 80)}...` : found;
  throw new AppError("invalid_configuration", `${name} is "${shown}"; wanted ${wanted}.`);
}
