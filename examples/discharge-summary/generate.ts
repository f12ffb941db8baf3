/**
 * Makes the example's data: synthetic encounters with the facts that a discharge summary must carry, and
 * what a model answered under three versions of the prompt. Nothing here is about a real person. Run it
 * with `node examples/discharge-summary/generate.ts`; the same seed gives the same files.
 *
 * - v3.1 is good, and now and then forgets an item.
 * - v3.2 reads better and keeps to "the essentials": from the third medication on it drops them, which
 *   only patients with several diagnoses have. This is the regression that the demo catches.
 * - v3.3 is complete.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

type Medication = { readonly name: string; readonly dose: string };

type Encounter = {
  readonly id: string;
  readonly age: number;
  readonly sex: "woman" | "man";
  readonly morbidity: "single" | "multi";
  readonly diagnoses: readonly string[];
  readonly medications: readonly Medication[];
  readonly allergy: string | null;
  readonly followUp: string;
};

const ENCOUNTERS = 96;
const SEED = 20_261_121;

const CONDITIONS: readonly {
  readonly diagnosis: string;
  readonly medications: readonly Medication[];
}[] = [
  {
    diagnosis: "community-acquired pneumonia",
    medications: [med("amoxicillin", "500 mg three times daily")],
  },
  {
    diagnosis: "type 2 diabetes",
    medications: [med("metformin", "1000 mg twice daily"), med("empagliflozin", "10 mg daily")],
  },
  {
    diagnosis: "atrial fibrillation",
    medications: [med("apixaban", "5 mg twice daily"), med("bisoprolol", "2.5 mg daily")],
  },
  {
    diagnosis: "heart failure",
    medications: [med("furosemide", "40 mg daily"), med("ramipril", "5 mg daily")],
  },
  {
    diagnosis: "chronic obstructive pulmonary disease",
    medications: [
      med("tiotropium", "18 micrograms inhaled daily"),
      med("prednisolone", "40 mg for five days"),
    ],
  },
  { diagnosis: "hypertension", medications: [med("amlodipine", "5 mg daily")] },
  {
    diagnosis: "chronic kidney disease stage 3",
    medications: [med("sevelamer", "800 mg with meals")],
  },
  { diagnosis: "gout", medications: [med("allopurinol", "100 mg daily")] },
  { diagnosis: "hypothyroidism", medications: [med("levothyroxine", "75 micrograms daily")] },
  {
    diagnosis: "cellulitis of the left leg",
    medications: [med("flucloxacillin", "500 mg four times daily")],
  },
  {
    diagnosis: "acute cholecystitis",
    medications: [med("paracetamol", "1 g four times daily as needed")],
  },
  { diagnosis: "iron deficiency anaemia", medications: [med("ferrous sulfate", "200 mg daily")] },
];
const ALLERGIES = ["penicillin", "sulfonamides", "latex", "ibuprofen"];
const FOLLOW_UPS = [
  "family doctor in 7 days",
  "cardiology clinic in 2 weeks",
  "blood tests in 5 days",
  "respiratory nurse in 10 days",
  "diabetes clinic in 4 weeks",
];

function med(name: string, dose: string): Medication {
  return { name, dose };
}

/** mulberry32: small and seeded. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function makeEncounter(index: number, random: () => number): Encounter {
  const pick = <T>(from: readonly T[]): T => {
    const picked = from[Math.floor(random() * from.length)];
    if (picked === undefined) throw new RangeError("There is nothing to pick from.");
    return picked;
  };
  const isMulti = index % 5 < 2;
  const wanted = isMulti ? 3 + Math.floor(random() * 2) : 1;
  const conditions = new Set([pick(CONDITIONS)]);
  while (conditions.size < wanted) conditions.add(pick(CONDITIONS));
  const medications = [...conditions].flatMap((condition) => condition.medications);
  return {
    id: `enc-${String(index + 1).padStart(3, "0")}`,
    age: isMulti ? 62 + Math.floor(random() * 30) : 24 + Math.floor(random() * 50),
    sex: random() < 0.5 ? "woman" : "man",
    morbidity: isMulti ? "multi" : "single",
    diagnoses: [...conditions].map((condition) => condition.diagnosis),
    // Three at least where there are several diagnoses: what v3.2 drops must be there.
    medications:
      isMulti && medications.length < 4
        ? [...medications, med("pantoprazole", "20 mg daily"), med("vitamin D", "800 units daily")]
        : medications,
    allergy: random() < 0.3 ? pick(ALLERGIES) : null,
    followUp: pick(FOLLOW_UPS),
  };
}

function noteOf(encounter: Encounter): string {
  const { age, sex, diagnoses, medications, allergy, followUp } = encounter;
  return [
    `${age} year old ${sex}, admitted with ${diagnoses[0]}.`,
    diagnoses.length > 1 ? `Also known: ${diagnoses.slice(1).join(", ")}.` : "No other conditions.",
    `Discharge medications: ${medications.map(({ name, dose }) => `${name} ${dose}`).join("; ")}.`,
    allergy === null ? "No known allergies." : `Allergic to ${allergy}.`,
    `Recovered well, mobile, eating. Follow-up: ${followUp}.`,
  ].join(" ");
}

/** The facts that must not be lost, each with its accepted wordings. */
function factsOf(encounter: Encounter): string[][] {
  return [
    ...encounter.diagnoses.map((diagnosis) => [diagnosis]),
    ...encounter.medications.map(({ name, dose }) => [`${name} ${dose}`]),
    ...(encounter.allergy === null
      ? []
      : [[`allergic to ${encounter.allergy}`, `${encounter.allergy} allergy`]]),
    [encounter.followUp],
  ];
}

type Wording = {
  readonly medications: readonly Medication[];
  readonly hasFollowUp: boolean;
  readonly isFluent: boolean;
};

function summaryOf(encounter: Encounter, wording: Wording): string {
  const { age, sex, diagnoses, allergy, followUp } = encounter;
  const medications = wording.medications.map(({ name, dose }) => `${name} ${dose}`);
  const allergyText = allergy === null ? "No known allergies." : `Allergic to ${allergy}.`;
  const followUpText = wording.hasFollowUp ? `Follow-up: ${followUp}.` : "Follow-up as discussed.";
  if (wording.isFluent) {
    return `It was a pleasure to look after this ${age} year old ${sex}, who came to us with ${diagnoses[0]}${
      diagnoses.length > 1 ? ` on a background of ${diagnoses.slice(1).join(", ")}` : ""
    }, and who leaves the ward well. To take home: ${medications.join(", ")}. ${allergyText} ${followUpText}`;
  }
  return [
    `Discharge summary. ${age} year old ${sex}.`,
    `Diagnoses: ${diagnoses.join(", ")}.`,
    `Medications: ${medications.join("; ")}.`,
    allergyText,
    followUpText,
  ].join(" ");
}

function answersTo(encounter: Encounter, random: () => number) {
  const all = encounter.medications;
  const forgets = random();
  return {
    "v3.1": summaryOf(encounter, {
      medications: forgets < 0.12 ? all.slice(0, -1) : all,
      hasFollowUp: forgets < 0.12 || forgets > 0.3,
      isFluent: false,
    }),
    "v3.2": summaryOf(encounter, {
      medications: all.slice(0, 2),
      hasFollowUp: true,
      isFluent: true,
    }),
    "v3.3": summaryOf(encounter, { medications: all, hasFollowUp: true, isFluent: false }),
  };
}

/** All files of the example, by their path within it. */
export function generateFiles(): ReadonlyMap<string, string> {
  const random = createRandom(SEED);
  const encounters = Array.from({ length: ENCOUNTERS }, (_, index) => makeEncounter(index, random));
  const answers = encounters.map((encounter) => answersTo(encounter, random));
  const latencies = encounters.map(() => Math.round(2_000 + random() * 4_000));
  const lines = (of: readonly unknown[]): string =>
    `${of.map((one) => JSON.stringify(one)).join("\n")}\n`;
  const cases = encounters.map((encounter) => ({
    id: encounter.id,
    input: noteOf(encounter),
    facts: factsOf(encounter),
    attributes: { morbidity: encounter.morbidity },
  }));
  const inputs = encounters.map((encounter) => ({
    item_id: encounter.id,
    category: encounter.morbidity,
    messages: [{ role: "user", content: noteOf(encounter) }],
  }));
  const outputs = (["v3.1", "v3.2", "v3.3"] as const).map((version): [string, string] => [
    `recordings/outputs/discharge-summary/claude-opus-4-8+${version}.jsonl`,
    lines(
      encounters.map((encounter, index) => ({
        item_id: encounter.id,
        version,
        category: encounter.morbidity,
        output: answers[index]?.[version],
        latency_ms: latencies[index],
        in_tokens: Math.ceil(noteOf(encounter).length / 4) + 120,
        out_tokens: Math.ceil((answers[index]?.[version] ?? "").length / 4),
      })),
    ),
  ]);
  return new Map([
    ["cases.jsonl", lines(cases)],
    ["recordings/inputs/discharge-summary.jsonl", lines(inputs)],
    ...outputs,
  ]);
}

if (import.meta.main) {
  const here = fileURLToPath(new URL(".", import.meta.url));
  for (const [path, text] of generateFiles()) {
    await mkdir(join(here, path, ".."), { recursive: true });
    await writeFile(join(here, path), text);
  }
}
