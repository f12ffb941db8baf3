import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  exampleFeature,
  exampleRolloutDetail,
  exampleRolloutSummary,
} from "@spillway/testkit/control-examples";
import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { beforeAll, describe, expect, it } from "vitest";
import { runPlan, runRehearsal } from "../src/local-server.ts";
import type { RehearsalOptions, RehearsalStep } from "../src/local-server.ts";
import { runCli } from "./run-cli.ts";

const FILE = `
strategy: edits
gate: { edit_rate: { rollback: "+2pp" } }
stages:
  - { stage: canary, share: 10%, least: { duration: 72h } }
  - { stage: ramp, share: [50%, 100%], least: { duration: 24h } }
`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "spillway-plan-"));
  await writeFile(join(cwd, "edits.yaml"), FILE);
  await writeFile(join(cwd, "small.yaml"), FILE.replace("share: 10%", "share: 1%"));
  const slow = FILE.replace('edit_rate: { rollback: "+2pp" }', "latency_p95: { limit: sla }");
  await writeFile(join(cwd, "slow.yaml"), slow);
  await writeFile(join(cwd, "wrong.yaml"), FILE.replace("edit_rate", "edit_rat"));
});

/** What the feature declares, as the control API tells it. */
const APPEALS = {
  name: "appeal_rate",
  kind: "binary",
  direction: "lower_is_better",
  expected: { value: 0.04 },
  source: "appealed",
} as const;

/** With the server's own code, as people run it. */
const run = (argv: string[]) => runCli(argv, { cwd, runPlan, runRehearsal });

describe("plan", () => {
  it("of a file needs no server, and ends with 0 when all can be decided", async () => {
    const { code, stdout, stderr } = await run(["plan", "edits.yaml", "--rate", "60/min"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [heading, , canary, columns, row] = stdout.split("\n");
    expect(heading).toContain("edits at 3,600 requests an hour");
    expect(canary).toBe("canary (10%, answers, 3d)");
    expect(columns).toMatch(/^criterion .* catch its level .* clear a good change$/);
    expect(row).toMatch(/^edit_rate +all +✔ /);
    expect(stdout).toContain("- decided before");
  });

  it("ends with 1 and a warning when the canary is too small", async () => {
    const { code, stdout, stderr } = await run(["plan", "small.yaml", "--rate", "60/min"]);
    expect(code).toBe(1);
    expect(stdout).toContain("⚠ too little");
    expect(stderr).toContain("warning: edit_rate in canary cannot be decided in 3 days");
    expect(stderr).toContain("Enough: a share of");
  });

  it("--json is the whole plan, which changes with what the baseline shows", async () => {
    const argv = ["plan", "edits.yaml", "--rate", "3600/h", "--json"];
    type Plan = { stages: { rows: { observations: { clear: { p80: number } } }[] }[] };
    const clear = (stdout: string): number =>
      (JSON.parse(stdout) as Plan).stages[0]!.rows[0]!.observations.clear.p80;
    const usual = clear((await run(argv)).stdout);
    const rare = clear((await run([...argv, "--baseline", "edit_rate=3%"])).stdout);
    expect(rare).toBeLessThan(usual);
  });

  it("says of a criterion under review what goes on without a person, and what waits for one", async () => {
    const gate = '{ divergence: { hold: 8%, limit: 8.1% }, edit_rate: { rollback: "+2pp" } }';
    const shadow = "  - { stage: shadow, prove: [divergence], review: [divergence], most: 14d }\n";
    const text = FILE.replace(/{ edit_rate.*}/, gate).replace("stages:\n", `stages:\n${shadow}`);
    await writeFile(join(cwd, "review.yaml"), text);
    const { stdout } = await run(["plan", "review.yaml", "--rate", "60/min"]);
    expect(stdout).toMatch(/divergence \(asks a person\) +all +✔ +a person decides +\d/);
    expect(stdout).not.toContain("never / never / never");
    expect(stdout).toMatch(
      /\ndivergence asks a person and never takes back\. A good change goes on without one after \d+m \d+s \(\d+ pairs\) with a chance of 80%; what is not cleared, a change at its level among it, waits for the person\.\n/,
    );
  });

  it("asks for more answers where users keep one arm, and says what it assumes", async () => {
    const argv = ["plan", "edits.yaml", "--rate", "60/min", "--unit", "user"];
    const usual = await run(argv);
    expect(usual.stdout).toContain(
      "Assigned by user: 10 requests of each with a correlation of 0.1 are assumed (--sticky), so 1.9 times the answers.",
    );
    const often = await run([...argv, "--sticky", "20:0.3"]);
    expect(often.stdout).toContain("⚠ too little");
    const single = await run([...argv, "--sticky", "1:0"]);
    expect(single.stdout).toContain("so 1 times the answers");
    expect(single.code).toBe(0);
  });

  it.each([
    [["plan", "edits.yaml", "--rate", "1/s", "--sticky", "10"], "Wanted requests of one unit"],
    [["plan", "edits.yaml", "--rate", "1/s", "--unit", "team"], "--unit"],
    [["plan", "edits.yaml", "--rate", "1/s", "--sla", "soon"], "Wanted a time above 0"],
    [["plan", "edits.yaml"], "wanted --rate"],
    [["plan", "edits.yaml", "--rate", "many"], "Wanted a rate above 0"],
    [["plan", "edits.yaml", "--rate", "1/s", "--baseline", "edits"], "Wanted a metric"],
    [["plan", "edits.yaml", "--rate", "1/s", "--baseline", "edits=1"], 'no metric "edits"'],
    [["plan", "edits.yaml", "--rate", "1/s", "--slice", "a=b:120%"], "Wanted a slice"],
    [["plan", "wrong.yaml", "--rate", "1/s"], "The strategy cannot be used"],
    [["plan", "none.yaml", "--rate", "1/s"], "none.yaml"],
  ])("%j is wrong usage", async (argv, words) => {
    const { code, stderr } = await run(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });

  it("refuses a level that the baseline leaves no room for, with its line", async () => {
    const argv = ["plan", "edits.yaml", "--rate", "1/s", "--baseline", "edit_rate=99%"];
    const { code, stderr } = await run(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "edits.yaml:3: gate.edit_rate.rollback: Found a level of 2 points with the baseline at 99%: that is 101%, which can never be reached. Wanted less than 1 point.",
    );
  });

  it("asks what the SLA is where a limit is at it, and plans with it", async () => {
    const argv = ["plan", "slow.yaml", "--rate", "60/min"];
    const unknown = await run(argv);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('gate.latency_p95.limit: Found "sla"');
    expect(unknown.stderr).toContain("Wanted --sla, such as 2.5s");
    const baseline = ["--baseline", "latency_p95=1500"];
    const [seconds, milliseconds, short] = await Promise.all(
      ["2.5", "2500ms", "1600ms"].map((sla) => run([...argv, ...baseline, "--sla", sla])),
    );
    expect(milliseconds!.stdout).toBe(seconds!.stdout);
    expect(short!.stdout).not.toBe(seconds!.stdout);
  });

  it("judges what the feature declares, and knows nothing of it without the feature", async () => {
    const api = await startFakeControlApi();
    api.answer("getFeature", exampleFeature({ metrics: [APPEALS] }));
    await writeFile(join(cwd, "own.yaml"), FILE.replace("edit_rate", "appeal_rate"));
    const own = ["plan", "own.yaml", "--rate", "60/min"];
    const at = ["--feature", "discharge-summary", "--url", api.url, "--key", "k"];
    const known = await run([...own, ...at]);
    const unknown = await run(own);
    await api.close();
    expect(known.stdout).toMatch(/appeal_rate +all +✔ /);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('own.yaml:3: gate.appeal_rate: Unknown metric "appeal_rate"');
    expect(unknown.stderr).toContain(
      "If a feature declares it, name the feature with --feature <key>.",
    );
    const level = await run([
      "plan",
      "edits.yaml",
      "--rate",
      "1/s",
      "--baseline",
      "appeal_rate=4%",
    ]);
    expect(level.stderr).toContain("--feature <key>");
  });

  const LISTED = `strategy: listed
gate:
  edit_rate:
    rollback: "+2pp"
stages:
  - { stage: canary, share: 10% }
  - stage: ramp
    share:
      - 25%
      - 60%
      - 20%
  - { stage: verify, prove: [quality] }
`;
  it.each(["plan", "rehearse"])(
    "%s names the line, and the stage as it is written, of what is wrong",
    async (command) => {
      await writeFile(join(cwd, "listed.yaml"), LISTED);
      const { code, stderr } = await run([command, "listed.yaml", "--rate", "1/s"]);
      expect(code).toBe(2);
      expect(stderr).toContain("error: The strategy cannot be used.\n");
      expect(stderr).toContain("listed.yaml:11: stages[1].share[2]: Stages go backwards: ");
      expect(stderr).toContain('listed.yaml:12: stages[2].prove: Found "quality", which the gate');
    },
  );

  it("takes the strategy with what was frozen, the traffic, the unit and the SLA of a feature with a rollout", async () => {
    const api = await startFakeControlApi();
    const feature = "discharge-summary";
    const detail = exampleRolloutDetail({ state: "progressing" });
    const document = { strategy: "own", gate: {}, stages: [] };
    const frozen = { expected: { error_rate: 0.02 }, slices: ["kind=letter"] };
    const strategyDetail = { ...detail.strategyDetail, document, ...frozen };
    api.answer("listStrategies", { items: [] });
    api.answer("listRollouts", {
      items: [exampleRolloutSummary({ state: "progressing" })],
      nextCursor: null,
    });
    api.answer("getRollout", { ...detail, strategyDetail });
    const assignment = { unit: "conversation", attribute: null, onMissing: "error" } as const;
    const declared = { assignment, slaLatencyMs: 2_500, metrics: [APPEALS] };
    api.answer("getFeature", exampleFeature(declared));
    api.answer("featureTraffic", {
      feature,
      requests: 7_347,
      windowHours: 24,
      requestsPerHour: 20,
    });
    const seen: unknown[] = [];
    const { code, stderr } = await runCli(["plan", feature, "--url", api.url, "--key", "k"], {
      runPlan: async (options) => {
        seen.push(options);
        const { requestsPerHour } = options;
        const empty = { units: null, stages: [], isDecidable: true, warnings: [] };
        return { strategy: "own", requestsPerHour, ...empty };
      },
    });
    await api.close();
    expect(code).toBe(0);
    expect(stderr).toContain("7,347 requests in the last 24 hours");
    expect(stderr).toContain("discharge-summary: assigned by conversation, SLA 2.5 s");
    const own = {
      unit: "conversation",
      slaLatencyMs: 2_500,
      feature: { metrics: [APPEALS], scorers: exampleFeature().scorers },
    };
    const planned = { document: { ...document, ...frozen }, requestsPerHour: 20, ...own };
    expect(seen).toEqual([{ ...planned, baseline: {}, slices: [] }]);
  });
});

const scenario = (
  over: Partial<Extract<RehearsalStep, { kind: "scenario" }>["result"]> = {},
): RehearsalStep => ({
  kind: "scenario",
  of: 2,
  result: {
    scenario: {
      id: "edit_rate-2x",
      title: "edit_rate at twice its level",
      kind: "harm",
      criterionId: "edit_rate",
      times: 2,
    },
    repetitions: 10,
    rolledBack: 1,
    promoted: 0,
    undecided: 0,
    open: 0,
    rolledBackInTime: 0.4,
    hoursToRollback: { median: 2.5, p95: 26 },
    exposed: { median: 1_234, p95: 5_678 },
    medianHoursToPromote: null,
    ...over,
  },
});

const harmless = scenario({
  scenario: {
    id: "harmless",
    title: "nothing wrong",
    kind: "harmless",
    criterionId: null,
    times: 0,
  },
  rolledBack: 0,
  promoted: 0.9,
  open: 0.1,
  hoursToRollback: { median: null, p95: null },
  medianHoursToPromote: 96,
});

const BROKEN = {
  bound: "known_within",
  scenario: "edit_rate-2x",
  sentence: "It takes too long.",
} as const;

/** Plays the given steps in place of a rehearsal. */
function rehearsed(argv: string[], steps: readonly RehearsalStep[]) {
  const seen: RehearsalOptions[] = [];
  const finished = runCli(["rehearse", "edits.yaml", "--rate", "2/s", ...argv], {
    cwd,
    runRehearsal: async function* (options) {
      seen.push(options);
      for (const step of steps) yield await Promise.resolve(step);
    },
  });
  return { finished, seen };
}

describe("rehearse", () => {
  const report = {
    kind: "report",
    report: { answer: "Known in time.", broken: [] },
    units: null,
  } as const;

  it("puts the answer first, then a row for each candidate", async () => {
    const { finished, seen } = rehearsed(
      ["--repetitions", "10", "--seed", "3"],
      [harmless, scenario(), report],
    );
    const { code, stdout, stderr } = await finished;
    expect({ code, stderr }).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "1 of 2: nothing wrong
      2 of 2: edit_rate at twice its level
      ",
      }
    `);
    expect(stdout).toMatchInlineSnapshot(`
      "Known in time.
      10 rollouts of each kind at 7,200 requests an hour, seed 3.

      candidate                     rolled back  after   95% by  people  95%    promoted  after  open
      nothing wrong                 0%           -       -       -       -      90%       4d     10%
      edit_rate at twice its level  100%         2h 30m  1d 2h   1,234   5,678  0%        -      0%
      "
    `);
    expect(seen[0]).toMatchObject({ requestsPerHour: 7_200, repetitions: 10, seed: 3 });
  });

  it("ends with 1 when it is worse than a bound of the strategy, and says which", async () => {
    const broken = {
      kind: "report",
      report: { answer: "Late.", broken: [BROKEN] },
      units: null,
    } as const;
    const { code, stdout, stderr } = await rehearsed([], [harmless, scenario(), broken]).finished;
    expect(code).toBe(1);
    expect(stdout).toContain("✖ known_within: It takes too long.");
    expect(stderr).toContain("error: known_within: It takes too long.");
  });

  it("--json is one object with everything in it", async () => {
    const { finished } = rehearsed(["--json"], [harmless, scenario(), report]);
    const shown = JSON.parse((await finished).stdout) as { results: unknown[] };
    expect(shown).toMatchObject({ answer: "Known in time.", broken: [], seed: 1 });
    expect(shown.results).toHaveLength(2);
  });

  it("says how units are taken to return, as a plan does", async () => {
    const units = { unit: "user", requestsPerUnit: 10, correlation: 0.1 } as const;
    const { stdout } = await rehearsed([], [harmless, { ...report, units }]).finished;
    expect(stdout).toContain(
      "Assigned by user: 10 requests of each with a correlation of 0.1 are assumed (--sticky)",
    );
    const argv = ["rehearse", "edits.yaml", "--rate", "60/min", "--repetitions", "1", "--json"];
    const asJson = await run([...argv, "--unit", "user", "--sticky", "4:0.2"]);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      units: { unit: "user", requestsPerUnit: 4, correlation: 0.2 },
    });
  });

  it("plays the real gate, and twice the same", async () => {
    const argv = ["rehearse", "edits.yaml", "--rate", "60/min", "--repetitions", "2", "--json"];
    const first = await run(argv);
    expect(first.code).toBe(0);
    expect((await run(argv)).stdout).toBe(first.stdout);
  });

  it.each([
    [["rehearse", "edits.yaml", "--rate", "1/s", "--repetitions", "0"]],
    [["rehearse", "wrong.yaml", "--rate", "1/s"]],
  ])("%j is wrong usage", async (argv) => {
    expect((await run(argv)).code).toBe(2);
  });
});
