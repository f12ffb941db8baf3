import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FakeControlApi } from "@spillway/testkit/fake-control-api";
import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";

let api: FakeControlApi;
let cwd: string;

beforeEach(async () => {
  api = await startFakeControlApi();
  api.answer("apply", { changes: [], snapshotRevision: 1 });
  cwd = await mkdtemp(join(tmpdir(), "spillway-cli-"));
});
afterEach(() => api.close());

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), text);
  }
}

const apply = (...files: string[]) =>
  runCli(["apply", "-f", ...files, "--url", api.url, "--key", "k"], { cwd });
const body = () => api.requests[0]?.body as Record<string, unknown[]>;

const FEATURE = "{ key: summary, title: Summary, owner: us, tier: 2 }";

describe("apply", () => {
  it("sends lists and single documents of a folder as one request", async () => {
    await write({
      "all/b.yaml": `kind: feature\nkey: summary\ntitle: Summary\nowner: us\ntier: 2\n---\nkind: strategy\nstrategy: careful\nstages: []\n---\nstrategy: bold\nstages: []\n`,
      "all/a.yml": `components:\n  - { kind: app, name: api, label: v1, content: { codeVersion: abc } }\nreleases:\n  - feature: summary\n    components: { prompt: "p:v1", model: "m:v1" }\nbaselines:\n  - { feature: summary, release: summary@1 }\n`,
      "all/.hidden.yaml": "nonsense",
      "all/notes.md": "nonsense",
      "one.yaml":
        "kind: component\ncomponent: model\nname: m\nlabel: v1\ncontent: { provider: x, id: y }\n",
    });
    expect((await apply("all", "one.yaml")).code).toBe(0);
    expect(body()["features"]).toMatchObject([{ key: "summary", tier: 2 }]);
    expect(body()["components"]).toMatchObject([{ kind: "app" }, { kind: "model", name: "m" }]);
    expect(body()["strategies"]).toEqual([
      { strategy: "careful", stages: [] },
      { strategy: "bold", stages: [] },
    ]);
    expect(body()["releases"]).toHaveLength(1);
    expect(body()["baselines"]).toHaveLength(1);
  });

  it("puts files in their places, from the folder of the YAML file", async () => {
    await write({
      "app/x.yaml": `components:
  - kind: dataset
    name: gold
    label: v1
    content: { cases_file: ../data/gold.jsonl }
  - kind: prompt
    name: p
    label: v1
    content: { messages: [{ role: system, content_file: sys.md }] }
  - { kind: prompt, name: q, label: v1, content_file: sys.md }
  - { kind: prompt, name: r, label: v1, content: { content_file: whole.yaml } }
`,
      "app/sys.md": "Be exact.\n",
      "app/whole.yaml": "messages: [{ role: user, content: Hello }]",
      "data/gold.jsonl": '{"id":"1","input":"a"}\n\n{"id":"2","input":"b"}\n',
    });
    expect((await apply("app/x.yaml")).stderr).toBe("");
    const system = { messages: [{ role: "system", content: "Be exact.\n" }] };
    expect(body()["components"]).toMatchObject([
      { content: { cases: [{ id: "1" }, { id: "2", input: "b" }] } },
      { content: system },
      { content: system },
      { content: { messages: [{ role: "user", content: "Hello" }] } },
    ]);
  });

  it("prints what was created, updated and unchanged", async () => {
    await write({ "f.yaml": `features: [${FEATURE}]` });
    const changes = [
      { resource: "feature", name: "summary", change: "updated", id: "summary" },
      { resource: "component", name: "p:v1", change: "created", id: "ab".repeat(32) },
    ];
    api.answer("apply", { changes, snapshotRevision: 4 });
    expect((await apply("f.yaml")).stdout).toMatchInlineSnapshot(`
      "change   resource   name     id
      updated  feature    summary  summary
      created  component  p:v1     abababababab
      1 created, 1 updated, 0 unchanged; snapshot 4
      "
    `);
  });

  it("says all that is wrong in the files, with its line, and sends nothing", async () => {
    await write({
      "bad.yaml": `features:
  - key: Summary
    title: Summary
    owner: us
    tier: 4
components:
  - kind: prompt
    name: p
    label: 3.2
    content:
      messages:
        - role: robot
          content: hi
`,
    });
    const { code, stderr } = await apply("bad.yaml");
    expect(code).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
      "error: 4 problems in the files; nothing was applied.
      bad.yaml:2: key: wanted lower-case letters, digits and hyphens, at most 63, found "Summary"
      bad.yaml:5: tier: expected 1, or expected 2, or expected 3, found 4
      bad.yaml:9: label: expected string, received number, found 3.2; write it in quotes: "3.2"
      bad.yaml:12: content.messages.0.role: expected one of "system"|"user"|"assistant", found "robot"
      "
    `);
    expect(api.requests).toEqual([]);
  });

  it.each([
    ["a: [1\nb: 2\n", "x.yaml:1: not valid YAML: "],
    ["a:\n  b: 'x\nc: 2\n", "x.yaml:2: not valid YAML: "],
    ["# c\nfeature:\n  - a\n", 'x.yaml:2: found "feature:"'],
    ["feature: []\n", 'did you mean "features"?'],
    ["features:\n  key: a\n", 'x.yaml:1: found object under "features:", wanted a list'],
    ["name: x\nkind: stratgy\n", 'x.yaml:2: found kind "stratgy"'],
    ["- a\n- b\n", "x.yaml:1: found a list, wanted features:"],
    [
      "kind: dataset\nname: d\nlabel: v\ncontent:\n  cases_file: nope.jsonl\n",
      "x.yaml:5: cannot read nope.jsonl",
    ],
    [
      "kind: dataset\nname: d\nlabel: v\ncontent: { cases_file: broken.jsonl }\n",
      "x.yaml:4: broken.jsonl:2: found a line that is not JSON",
    ],
  ])("%j", async (text, message) => {
    await write({ "x.yaml": text, "broken.jsonl": '{"id":"1"}\nnot json\n' });
    const { code, stderr } = await apply("x.yaml");
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it.each(["features[0].tier", "features.0.tier", "/features/0/tier"])(
    "finds the line of the server's problem at %s",
    async (path) => {
      await write({ "f.yaml": `features:\n  - ${FEATURE.replace(", tier", ",\n      tier")}\n` });
      const problems = [{ path, message: "may not be lowered" }];
      api.refuse("apply", { status: 422, code: "invalid_configuration", detail: "No.", problems });
      const { code, stderr } = await apply("f.yaml");
      expect(code).toBe(2);
      expect(stderr).toBe(`error: No.\nf.yaml:3: ${path}: may not be lowered\n`);
    },
  );

  const STRATEGY = `strategies:
  - strategy: careful
    stages:
      - { stage: canary, share: 10% }
      - stage: ramp
        least: { duration: 24h }
        share:
          - 25%
          - 60%
          - 20%
      - { stage: verify, share: 50% }
`;
  it.each([
    ["stages[3].share", "Stages go backwards.", "s.yaml:10: strategies[0].stages[1].share[2]"],
    ["stages[3]", "Stages go backwards.", "s.yaml:10: strategies[0].stages[1].share[2]"],
    ["stages[2].most", "Too short.", "s.yaml:5: strategies[0].stages[1].most"],
    ["stages[4].share", "Wanted 100%.", "s.yaml:11: strategies[0].stages[2].share"],
    ["stages[0].share", "Wanted more.", "s.yaml:4: strategies[0].stages[0].share"],
    ["stages[2].share", 'Found "x", wanted a share.', "s.yaml:11: strategies[0].stages[2].share"],
    ["stages[4].prove", 'Found "x", which is none.', "s.yaml:11: strategies[0].stages[2].prove"],
    ["gate", "A strategy without criteria.", "s.yaml:2: strategies[0].gate"],
  ])("a list of shares is several stages for the server: %s, %s", async (path, message, place) => {
    await write({ "s.yaml": STRATEGY });
    const problems = [{ path: `strategies[0].${path}`, message }];
    const detail = `strategies[0].${path}: ${message}`;
    api.refuse("apply", { status: 422, code: "invalid_configuration", detail, problems });
    const { stderr } = await apply("s.yaml");
    expect(stderr).toBe(
      `error: the server refused it; nothing was applied.\n${place}: ${message}\n`,
    );
  });

  it("an unknown list does not hide the other mistakes, nor does a file that is missing", async () => {
    await write({
      "x.yaml": `stategies: []
features:
  - { key: Summary, title: Summary, owner: us, tier: 2 }
components:
  - kind: dataset
    name: gold
    label: v1
    content: { cases_file: nope.jsonl }
  - { kind: app, name: api, label: 3.2, content: { codeVersion: abc } }
`,
      "y.yaml": "features: [\n  - a\nb: 1\n",
    });
    const { code, stderr } = await apply("x.yaml", "y.yaml");
    expect(code).toBe(2);
    expect(stderr.match(/^[xy]\.yaml:\d+: \S+/gm)).toEqual([
      "x.yaml:1: found",
      "x.yaml:3: key:",
      "x.yaml:8: cannot",
      "x.yaml:9: label:",
      "y.yaml:1: not",
      "y.yaml:2: not",
    ]);
    expect(api.requests).toEqual([]);
  });

  it.each(["", "# only words\n", "features: []\n---\n", "features:\n"])(
    "%j holds nothing, which is a mistake",
    async (text) => {
      await write({ "x.yaml": text });
      const { code, stderr } = await apply("x.yaml");
      expect([code, api.requests]).toEqual([2, []]);
      expect(stderr).toContain("nothing to apply: x.yaml holds no resource");
    },
  );

  it("an empty folder is a mistake", async () => {
    await mkdir(join(cwd, "empty"));
    expect((await apply("empty")).stderr).toContain("holds no .yaml or .yml file");
  });
});
