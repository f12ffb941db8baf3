import { mkdir } from "node:fs/promises";
import { AppError } from "@spillway/core";

/**
 * Creates the data folder when it is missing; an existing one keeps its mode. As root it can be
 * entered but not listed by others, because PostgreSQL then runs as another user and lives inside.
 */
export async function createDataFolder(dataDir: string): Promise<void> {
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  try {
    await mkdir(dataDir, { recursive: true, mode });
  } catch (cause) {
    throw new AppError(
      "invalid_configuration",
      `The data folder ${dataDir} cannot be created. Choose one that this user may write to.`,
      { cause },
    );
  }
}
