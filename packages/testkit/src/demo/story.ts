import type { ControlClient } from "@spillway/sdk";
import type { ActOutcome } from "./act.ts";
import { playAct } from "./act.ts";
import { audit, countExposed } from "./audit.ts";
import type { Terminal } from "./terminal.ts";
import type { Traffic } from "./traffic.ts";

export const FEATURE = "discharge-summary";

type Chapter = {
  readonly title: string;
  readonly words: string;
  readonly candidate: string;
  readonly strategy: string;
  readonly note: string;
  /** In the closing table. */
  readonly name: string;
  /** How it has to end for the story to be true. */
  readonly ending:
    | { readonly state: "rolled_back"; readonly stage: string; readonly isSeen: boolean }
    | { readonly state: "completed" };
};

const CHAPTERS: readonly Chapter[] = [
  {
    title: "1. A prompt that reads better (v3.2), in shadow first",
    words: "Nobody receives the candidate's answers; each is compared with the one that was given.",
    candidate: `${FEATURE}@2`,
    strategy: "clinical",
    note: "Warmer tone.",
    name: "v3.2, shadow first",
    ending: { state: "rolled_back", stage: "shadow", isSeen: false },
  },
  {
    title: "2. The same prompt with shadow skipped: 10% of the stays get it",
    words:
      "There are no pairs now: the candidate's answers are compared with other patients' ones.",
    candidate: `${FEATURE}@2`,
    strategy: "canary-first",
    note: "In a hurry.",
    name: "v3.2, shadow skipped",
    ending: { state: "rolled_back", stage: "canary", isSeen: true },
  },
  {
    title: "3. A prompt that lists every medication (v3.3)",
    words: "Through all stages: shadow, canary, ramp, verify.",
    candidate: `${FEATURE}@3`,
    strategy: "clinical",
    note: "Every medication, every time.",
    name: "v3.3, shadow first",
    ending: { state: "completed" },
  },
];

export type StoryEnd = {
  /** Everything ended as it was promised. */
  readonly isAsTold: boolean;
  /** A decision that is worth an explanation: the rollback in canary. */
  readonly decisionId: string;
};

export type StoryOptions = {
  readonly client: ControlClient;
  readonly terminal: Terminal;
  readonly traffic: Traffic;
  readonly speed: number;
  readonly signal: AbortSignal;
};

/** Plays the three rollouts one after the other, and says in the end whether it went as promised. */
export async function tellStory(options: StoryOptions): Promise<StoryEnd> {
  const { terminal } = options;
  const acts: ActOutcome[] = [];
  for (const chapter of CHAPTERS) {
    terminal.title(chapter.title);
    terminal.line(chapter.words);
    const { candidate, strategy, note } = chapter;
    acts.push(await playAct({ ...options, feature: FEATURE, candidate, strategy, note }));
  }
  return await closeStory(options, acts);
}

async function closeStory(
  { client, terminal, traffic }: StoryOptions,
  acts: readonly ActOutcome[],
): Promise<StoryEnd> {
  const rows: string[][] = [];
  let isAsTold = traffic.failed() === 0;
  for (const [index, chapter] of CHAPTERS.entries()) {
    const act = acts[index];
    if (act === undefined) continue;
    const exposed = await countExposed(client, act.rolloutId);
    const isRight = endedRight(chapter, act, exposed);
    isAsTold &&= isRight;
    rows.push([isRight ? "✔" : "✖", ...rowOf(chapter, act, exposed)]);
  }
  const checked = await audit(client, acts);
  isAsTold &&= checked.differing.length === 0 && checked.ledger.isIntact;
  terminal.title("What happened");
  terminal.table(
    ["", "candidate", "ended", "answers seen", "at every gateway after*", "took*"],
    rows,
  );
  terminal.line("* Real time: from the last decision, and from start to end.");
  terminal.line(`${traffic.answered()} summaries were answered, ${traffic.failed()} failed.`);
  terminal.line(
    checked.differing.length === 0
      ? `All ${checked.replayed} decisions come out the same when they are replayed from their inputs.`
      : `Replayed, these decisions come out differently: ${checked.differing.join(", ")}.`,
  );
  terminal.line(`Ledger: ${checked.ledger.sentence}`);
  return { isAsTold, decisionId: acts[1]?.decisions.at(-1)?.id ?? "" };
}

function endedRight({ ending }: Chapter, act: ActOutcome, exposed: number): boolean {
  if (act.state !== ending.state) return false;
  if (ending.state === "completed") return true;
  return act.decisions.at(-1)?.stage === ending.stage && exposed > 0 === ending.isSeen;
}

function rowOf(chapter: Chapter, act: ActOutcome, exposed: number): string[] {
  const last = act.decisions.at(-1);
  const ended =
    act.state === "completed" ? "at 100%, verified" : `rolled back in ${last?.stage ?? "no stage"}`;
  const reached = act.toGatewaysMs === null ? "not reported" : `${act.toGatewaysMs.toFixed(0)} ms`;
  return [chapter.name, ended, String(exposed), reached, `${(act.tookMs / 1_000).toFixed(1)} s`];
}
