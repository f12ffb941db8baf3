import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { GatewayKey, Snapshot } from "@spillway/core";
import { AppError } from "@spillway/core";

const keysBySnapshot = new WeakMap<Snapshot, ReadonlyMap<string, GatewayKey>>();

/**
 * Who calls. Both key styles are taken on every route; a client with two variables set sends both, so
 * the one that is a known key counts, and two different known keys are refused.
 */
export function authenticate(
  headers: IncomingHttpHeaders,
  snapshot: Snapshot,
  nowMs: number,
): GatewayKey {
  const secrets = presentedSecrets(headers);
  if (secrets.length === 0) {
    throw new AppError(
      "unauthenticated",
      "No key was sent. Wanted `Authorization: Bearer <key>` or `x-api-key: <key>`.",
    );
  }
  const index = keyIndexOf(snapshot);
  const known = secrets.flatMap((secret) => index.get(sha256(secret)) ?? []);
  const [key, ...others] = known;
  if (key === undefined) {
    throw new AppError("unauthenticated", "The key is not known to this gateway.");
  }
  if (others.some((other) => other.id !== key.id)) {
    throw new AppError("unauthenticated", "Two different keys were sent; send one of them.");
  }
  if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) {
    throw new AppError(
      "unauthenticated",
      `The key expired on ${new Date(key.expiresAtMs).toISOString()}.`,
    );
  }
  return key;
}

export function mayCall(key: GatewayKey, feature: string): boolean {
  return key.features.includes("*") || key.features.includes(feature);
}

function presentedSecrets(headers: IncomingHttpHeaders): readonly string[] {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? "")?.[1];
  const apiKey = headers["x-api-key"];
  const found = [bearer, typeof apiKey === "string" ? apiKey.trim() : undefined];
  return [...new Set(found.filter((secret) => secret !== undefined && secret !== ""))] as string[];
}

function keyIndexOf(snapshot: Snapshot): ReadonlyMap<string, GatewayKey> {
  const known = keysBySnapshot.get(snapshot);
  if (known !== undefined) return known;
  const index = new Map(snapshot.keys.map((key) => [key.sha256.toLowerCase(), key]));
  keysBySnapshot.set(snapshot, index);
  return index;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
