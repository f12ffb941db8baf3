import { readFile } from "node:fs/promises";
import { AppError } from "@spillway/core";
import { describe, expect, it } from "vitest";
import { ENVIRONMENT_VARIABLES, parseConfig } from "./config.ts";
import { VERSION } from "./version.ts";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

const refusalOf = (env: Readonly<Record<string, string>>): AppError => {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(env)} was taken`);
};

describe("the configuration", () => {
  it("needs no variable at all", () => {
    expect(parseConfig({})).toEqual({
      role: "all",
      dataDir: ".spillway",
      host: "127.0.0.1",
      gatewayPort: 4100,
      controlPort: 4200,
      databaseUrl: null,
      controlUrl: "http://127.0.0.1:4200",
      gatewayToken: null,
      recordingsDir: null,
      providers: [{ name: "openai", baseUrl: "https://api.openai.com/v1", apiKey: "" }],
      clock: { speed: 1, anchorWallMs: null },
      bodyLimitBytes: 10 * 1024 * 1024,
      logLevel: "info",
    });
  });

  it("takes an empty or blank value for none", () => {
    const blank = Object.fromEntries(
      Object.keys(ENVIRONMENT_VARIABLES).map((name, index) => [name, index % 2 === 0 ? "" : "  "]),
    );
    expect(parseConfig(blank)).toEqual(parseConfig({}));
  });

  it("cannot be changed", () => {
    expect(Object.isFrozen(parseConfig({}))).toBe(true);
  });

  it("looks for the control plane where this machine would run it", () => {
    expect(parseConfig({ SPILLWAY_CONTROL_PORT: "5200" }).controlUrl).toBe("http://127.0.0.1:5200");
  });

  it("reads providers, whose keys stand in variables of their own", () => {
    const providers = [
      { name: "local", baseUrl: "http://127.0.0.1:8080/v1", apiKeyEnv: "LOCAL_KEY" },
      { name: "open", baseUrl: "http://127.0.0.1:8081/v1" },
    ];
    const env = { SPILLWAY_PROVIDERS: JSON.stringify(providers), LOCAL_KEY: "s3cret" };
    expect(parseConfig(env).providers.slice(1)).toEqual([
      { name: "local", baseUrl: "http://127.0.0.1:8080/v1", apiKey: "s3cret" },
      { name: "open", baseUrl: "http://127.0.0.1:8081/v1", apiKey: "" },
    ]);
  });

  it.each([
    ["SPILLWAY_ROLE", "worker", "one of all, control, gateway"],
    ["SPILLWAY_GATEWAY_PORT", "70000", "a whole number from 0 to 65535"],
    ["SPILLWAY_GATEWAY_PORT", "4100.5", "a whole number from 0 to 65535"],
    ["SPILLWAY_CONTROL_PORT", "http", "a whole number from 0 to 65535"],
    ["SPILLWAY_CONTROL_URL", "localhost:4200", "a URL that begins with http:// or https://"],
    ["DATABASE_URL", "mysql://db/spillway", "a URL that begins with postgres:// or postgresql://"],
    ["OPENAI_BASE_URL", "api.openai.com", "a URL that begins with http:// or https://"],
    ["SPILLWAY_CLOCK_SPEED", "0", "a number from 0.001 to 1000000"],
    ["SPILLWAY_CLOCK_SPEED", "Infinity", "a number from 0.001 to 1000000"],
    ["SPILLWAY_CLOCK_ANCHOR_MS", "-1", "a whole number from 0 to 9007199254740991"],
    ["SPILLWAY_BODY_LIMIT_BYTES", "10MB", "a whole number from 1024 to 1073741824"],
    ["SPILLWAY_LOG_LEVEL", "verbose", "one of info, debug, warn, error, silent"],
    ["SPILLWAY_PROVIDERS", "local", "a JSON array"],
    ["SPILLWAY_PROVIDERS", '{"name":"local"}', "a JSON array"],
    ["SPILLWAY_PROVIDERS", "[null]", "an object with name and baseUrl"],
  ])(
    "refuses %s=%s, naming the variable, what was found and what is wanted",
    (name, bad, wanted) => {
      const { code, message } = refusalOf({ [name]: bad });
      expect(code).toBe("invalid_configuration");
      expect(message).toContain(name);
      expect(message).toContain(bad.startsWith("[") ? bad.slice(1, -1) : bad);
      expect(message).toContain(`wanted ${wanted}`);
    },
  );

  it.each([
    [{ name: "local" }, "SPILLWAY_PROVIDERS[1].baseUrl is missing; wanted a URL that begins with"],
    [{ baseUrl: "http://a" }, "SPILLWAY_PROVIDERS[1].name is missing; wanted what a model"],
    [{ name: 3, baseUrl: "http://a" }, 'SPILLWAY_PROVIDERS[1].name is "3"; wanted what'],
    [{ name: "local", baseUrl: "ftp://x" }, 'SPILLWAY_PROVIDERS[1].baseUrl is "ftp://x"; wanted'],
  ])("says of the provider %j which field is wrong", (provider, words) => {
    const first = { name: "first", baseUrl: "http://127.0.0.1:8080/v1" };
    const { code, message } = refusalOf({ SPILLWAY_PROVIDERS: JSON.stringify([first, provider]) });
    expect(code).toBe("invalid_configuration");
    expect(message).toContain(words);
  });

  it("never shows a password of the database's address", () => {
    const { message } = refusalOf({ DATABASE_URL: "mysql://me:hunter2@db/spillway" });
    expect(message).toContain("mysql://");
    expect(message).not.toContain("hunter2");
  });
});

describe("docs/configuration.md", () => {
  it("lists exactly the variables that are read, with what they are for", async () => {
    const page = await read("../../../docs/configuration.md");
    const documented = [...page.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\|$/gm)].map(
      ([, name, words]) => [name, words],
    );
    expect(Object.fromEntries(documented)).toEqual(ENVIRONMENT_VARIABLES);
  });
});

describe("the version", () => {
  it("is the one of the workspace and of this package", async () => {
    for (const path of ["../../../package.json", "../package.json"]) {
      expect((JSON.parse(await read(path)) as { version: string }).version).toBe(VERSION);
    }
  });
});
