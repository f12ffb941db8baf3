/**
 * `npm run demo`: a whole installation on a compressed clock, and three rollouts of a clinical feature. It
 * stays up until Ctrl-C; with --exit it ends after the story, 0 when it went as told and 1 when not.
 */
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createControlClient } from "@spillway/sdk";
import { loadManifests } from "../../../cli/src/manifest/load-manifests.ts";
import type { Installation } from "../installation.ts";
import { isPortFree, startInstallation } from "../installation.ts";
import { FEATURE, tellStory } from "./story.ts";
import type { Terminal } from "./terminal.ts";
import { createTerminal } from "./terminal.ts";
import { loadItems, startTraffic } from "./traffic.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const EXAMPLE = join(ROOT, "examples", FEATURE);
/** Two hours of the system's time pass in one real second. */
const SPEED = 7_200;
const HOURS_PER_SECOND = SPEED / 3_600;
const PER_SECOND = 30;
/** After the story: enough to see something move, little enough to be left running. */
const PER_SECOND_AFTERWARDS = 3;
/** What a shell says of a program that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

type Ports = { readonly gatewayPort: number; readonly controlPort: number };

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== "--exit");
  if (unknown !== undefined) return refuse(`Unknown option ${unknown}. The demo knows --exit.`);
  const ports: Ports = {
    gatewayPort: portOf("SPILLWAY_GATEWAY_PORT", 4100),
    controlPort: portOf("SPILLWAY_CONTROL_PORT", 4200),
  };
  const problem = await portProblem(ports);
  if (problem !== null) return refuse(problem);
  const terminal = createTerminal(process.stdout);
  const stopping = stopOnSignal();
  // A folder of its own, whatever SPILLWAY_DATA_DIR says: it is thrown away in the end.
  const dataDir = await mkdtemp(join(tmpdir(), "spillway-demo-"));
  // Where this runs as root, PostgreSQL runs as somebody else, who has to get there.
  await chmod(dataDir, 0o711);
  try {
    return await runDemo({ terminal, stopping, dataDir, ports, staysUp: !args.includes("--exit") });
  } catch (error) {
    if (!stopping.aborted) throw error;
    return EXIT_INTERRUPTED;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

type Demo = {
  readonly terminal: Terminal;
  readonly stopping: AbortSignal;
  readonly dataDir: string;
  readonly ports: Ports;
  readonly staysUp: boolean;
};

async function runDemo(demo: Demo): Promise<number> {
  const { terminal, stopping, dataDir, ports } = demo;
  terminal.title("Spillway: controlled release for AI");
  const installation = await startInstallation({
    dataDir,
    ...ports,
    env: {
      SPILLWAY_CLOCK_SPEED: String(SPEED),
      SPILLWAY_CLOCK_ANCHOR_MS: "",
      SPILLWAY_RECORDINGS_DIR: join(EXAMPLE, "recordings"),
      SPILLWAY_LOG_LEVEL: "error",
      SPILLWAY_HOST: "127.0.0.1",
      SPILLWAY_CONTROL_URL: "",
      DATABASE_URL: "",
    },
    onWords: (words) => {
      if (words.includes("PostgreSQL")) terminal.line(words);
    },
    signal: stopping,
  });
  try {
    return await showInstallation(demo, installation);
  } finally {
    terminal.line("Stopping...");
    await installation.stop();
  }
}

async function showInstallation(demo: Demo, installation: Installation): Promise<number> {
  const { terminal, stopping } = demo;
  const client = createControlClient({
    baseUrl: installation.controlUrl,
    key: installation.adminKey,
  });
  const { body } = await loadManifests([EXAMPLE], ROOT);
  const { changes } = await client.call("apply", { body });
  terminal.line(
    `Gateway and control plane are up, with ${changes.length} things from ${relative(ROOT, EXAMPLE)}.`,
  );
  terminal.line(
    `The system's clock is compressed: in one real second ${HOURS_PER_SECOND} hours pass, and ${PER_SECOND} summaries are asked for. Times on the left are hours of that clock since the rollout started.`,
  );
  const dashboard = `${installation.controlUrl}/#key=${installation.adminKey}`;
  terminal.verbatim("Watch it", dashboard);
  const traffic = startTraffic({
    ...installation,
    feature: FEATURE,
    items: await loadItems(EXAMPLE),
    perSecond: PER_SECOND,
  });
  try {
    const end = await tellStory({ client, terminal, traffic, speed: SPEED, signal: stopping });
    if (demo.staysUp) {
      traffic.setRate(PER_SECOND_AFTERWARDS);
      sayWhatToTry({ terminal, installation, dashboard, decisionId: end.decisionId });
      if (!stopping.aborted) await once(stopping, "abort");
    }
    return end.isAsTold ? 0 : 1;
  } finally {
    await traffic.stop();
  }
}

function sayWhatToTry(of: {
  readonly terminal: Terminal;
  readonly installation: Installation;
  readonly dashboard: string;
  readonly decisionId: string;
}): void {
  const { terminal, installation } = of;
  terminal.title("It stays up, with light traffic. Look around:");
  terminal.verbatim("Dashboard", of.dashboard);
  const surroundings = `SPILLWAY_DATA_DIR=${installation.dataDir} SPILLWAY_URL=${installation.controlUrl}`;
  const commands = [
    "get rollouts",
    `explain ${of.decisionId}`,
    `rollback ${FEATURE} --to ${FEATURE}@1`,
  ];
  commands.forEach((command, index) => {
    terminal.verbatim(index === 0 ? "Commands" : "", `${surroundings} npx spillway ${command}`);
  });
  terminal.line("Ctrl-C stops everything and removes its data.");
}

function portOf(name: string, fallback: number): number {
  const found = process.env[name]?.trim() ?? "";
  return found === "" ? fallback : Number(found);
}

async function portProblem({ gatewayPort, controlPort }: Ports): Promise<string | null> {
  const ports = { SPILLWAY_GATEWAY_PORT: gatewayPort, SPILLWAY_CONTROL_PORT: controlPort };
  for (const [name, port] of Object.entries(ports)) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      return `${name} is "${process.env[name] ?? ""}"; wanted a port, a number from 1 to 65535.`;
    }
    if (!(await isPortFree(port))) {
      return `Port ${port} is taken. Stop what uses it, or set ${name} to a free one: ${name}=${port + 11} npm run demo`;
    }
  }
  return gatewayPort === controlPort
    ? `Gateway and control plane cannot both use port ${controlPort}. Set SPILLWAY_GATEWAY_PORT or SPILLWAY_CONTROL_PORT to another one.`
    : null;
}

function refuse(words: string): number {
  process.stderr.write(`${words}\n`);
  return 1;
}

function stopOnSignal(): AbortSignal {
  const stopping = new AbortController();
  const onSignal = (): void => stopping.abort(new Error("The demo was told to stop."));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  return stopping.signal;
}

process.exitCode = await main(process.argv.slice(2));
