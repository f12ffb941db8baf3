/** What dies, by SIGKILL. A stop is a SIGTERM of the supervisor with a SIGKILL in the middle of it. */
export type Target = "control" | "gateway" | "postgres" | "supervisor";

export type Kill = {
  /** Real time from the beginning of the round. */
  readonly atMs: number;
  readonly targets: readonly Target[];
  /** Null: nobody is stopped. Else how long after the SIGTERM the targets are killed. */
  readonly afterStopMs: number | null;
};

export type RoundPlan = {
  readonly round: number;
  /** What the round's candidate deserves. */
  readonly ending: "completed" | "rolled_back";
  readonly kills: readonly Kill[];
  /** When a person pauses and resumes the rollout; null: nobody does. */
  readonly pauseAtMs: number | null;
};

type Kind = { readonly targets: readonly Target[]; readonly isStop: boolean };

const kill = (...targets: readonly Target[]): Kind => ({ targets, isStop: false });
const stop = (...targets: readonly Target[]): Kind => ({ targets, isStop: true });

const SINGLES: readonly Kind[] = [kill("control"), kill("gateway"), kill("postgres")];
const OTHERS: readonly Kind[] = [
  kill("control", "gateway"),
  kill("control", "postgres"),
  kill("gateway", "postgres"),
  kill("supervisor"),
  stop("gateway"),
  stop("control"),
  stop("supervisor"),
];

/** About as long as a rollout of the kind takes when nothing is killed, and a little over its end. */
const WINDOW_MS = { completed: 7_000, rolled_back: 2_500 };
/** A stop drains in about this time; later there is nothing left to kill. */
const STOP_WINDOW_MS = 600;
/** One round in three has a second kill, of one process, at a moment of its own. */
const SECOND_KILL_SHARE = 1 / 3;

/**
 * The kills of all rounds, from the seed alone. Kinds are dealt like cards: first each process by itself,
 * then the combinations, each as often as the others.
 */
export function planRounds(rounds: number, seed: number): readonly RoundPlan[] {
  const random = createRandom(seed);
  const deck: Kind[] = [];
  const draw = (): Kind => {
    if (deck.length === 0) deck.push(...shuffled(SINGLES, random), ...shuffled(OTHERS, random));
    return deck.shift() ?? kill("control");
  };
  return Array.from({ length: rounds }, (_, index) => {
    const ending = index % 2 === 0 ? "completed" : "rolled_back";
    const within = (): number => Math.floor(random() * WINDOW_MS[ending]);
    const first = toKill(draw(), within(), random);
    const hasSecond = random() < SECOND_KILL_SHARE;
    const single = SINGLES[Math.floor(random() * SINGLES.length)] ?? kill("gateway");
    const second = toKill(single, within(), random);
    const kills = (hasSecond ? [first, second] : [first]).toSorted((a, b) => a.atMs - b.atMs);
    const pauseAtMs = random() < 0.5 ? within() : null;
    return { round: index + 1, ending, kills, pauseAtMs };
  });
}

export function describeKill({ atMs, targets, afterStopMs }: Kill): string {
  const who = targets.join(" and ");
  const at = `at ${(atMs / 1_000).toFixed(2)} s`;
  return afterStopMs === null
    ? `kill -9 of ${who} ${at}`
    : `stop ${at}, kill -9 of ${who} ${afterStopMs} ms into it`;
}

function toKill({ targets, isStop }: Kind, atMs: number, random: () => number): Kill {
  const afterStopMs = Math.floor(random() * STOP_WINDOW_MS);
  return { atMs, targets, afterStopMs: isStop ? afterStopMs : null };
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((left, right) => left.order - right.order)
    .map(({ item }) => item);
}

/** Mulberry32 (Tommy Ettinger, 2017; public domain): 32 bits of state are enough for a schedule. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
