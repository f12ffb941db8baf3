import { createHash, timingSafeEqual } from "node:crypto";
import type { Role } from "@spillway/core";
import { AppError, hasRole } from "@spillway/core";
import type { KeyPort } from "../control-ports.ts";

/** Who calls: a person or a program with a control key, or a gateway with the shared token. */
export type Principal =
  | { readonly kind: "key"; readonly keyId: string; readonly name: string; readonly role: Role }
  | { readonly kind: "gateway"; readonly name: "gateway" };

export type KeyPrincipal = Extract<Principal, { kind: "key" }>;

export type AuthenticateOptions = {
  readonly keys: Pick<KeyPort, "findBySha256">;
  readonly gatewayToken: string;
  readonly nowMs: () => number;
};

/** A key is at most this long; a longer text is not looked up. */
const SECRET_CHARACTERS_MAX = 500;

const sha256 = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

/** Throws `unauthenticated` for no key, an unknown, revoked or expired one; `forbidden` for a gateway's. */
export function createAuthenticator(
  options: AuthenticateOptions,
): (authorization: string | undefined) => Promise<Principal> {
  const tokenHash = sha256(options.gatewayToken);
  return async (authorization) => {
    const secret = secretOf(authorization);
    const hash = sha256(secret);
    if (options.gatewayToken !== "" && timingSafeEqual(hash, tokenHash)) {
      return { kind: "gateway", name: "gateway" };
    }
    const key = await options.keys.findBySha256(hash.toString("hex"));
    if (key === null) throw unauthenticated("The key is not known.");
    if (key.revokedAtMs !== null) throw unauthenticated(`The key "${key.name}" is revoked.`);
    if (key.expiresAtMs !== null && key.expiresAtMs <= options.nowMs()) {
      const at = new Date(key.expiresAtMs).toISOString();
      throw unauthenticated(`The key "${key.name}" expired at ${at}.`);
    }
    if (key.scope === "gateway" || key.role === null) {
      throw new AppError(
        "forbidden",
        `The key "${key.name}" calls features and nothing else. Wanted a control key.`,
      );
    }
    return { kind: "key", keyId: key.id, name: key.name, role: key.role };
  };
}

function secretOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization === "") {
    throw unauthenticated("No key was sent. Wanted the header authorization: Bearer <key>.");
  }
  const match = /^bearer +(\S+) *$/i.exec(authorization);
  if (match?.[1] === undefined || match[1].length > SECRET_CHARACTERS_MAX) {
    throw unauthenticated("The authorization header is not of the form: Bearer <key>.");
  }
  return match[1];
}

const unauthenticated = (message: string): AppError => new AppError("unauthenticated", message);

/** Whether a principal may do what asks for `least`. Roles and the gateway's token never mix. */
export function requireRole(principal: Principal, least: Role | "gateway"): void {
  if (principal.kind === "gateway") {
    if (least === "gateway") return;
    throw new AppError("forbidden", `The gateway token may not do this. Wanted a key: ${least}.`);
  }
  if (least === "gateway") {
    throw new AppError(
      "forbidden",
      `"${principal.name}" is the key of a person or program. Wanted the gateway token.`,
    );
  }
  if (hasRole(principal.role, least)) return;
  throw new AppError(
    "forbidden",
    `"${principal.name}" has the role ${principal.role}. Wanted at least ${least}.`,
  );
}
