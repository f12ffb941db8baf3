import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Recorded outputs of real models, which are not part of this repository: a folder beside the checkout,
 * or the one that SPILLWAY_SHARED_DIR names. Null where there is none; tests then skip and say so.
 */
export function findSharedRecordings(): string | null {
  const named = process.env["SPILLWAY_SHARED_DIR"];
  const places = [
    ...(named === undefined ? [] : [named]),
    join(REPOSITORY, "../shared"),
    join(REPOSITORY, "../../shared"),
  ];
  return places.map((place) => join(place, "recordings")).find((path) => existsSync(path)) ?? null;
}
