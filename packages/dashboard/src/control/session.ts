import type { ControlClient } from "@spillway/sdk";
import type { Role } from "@spillway/contract";
import { createContext, use } from "react";

/** Who is looking, and the client that carries their key. Present on every screen behind the key. */
export type Session = {
  readonly client: ControlClient;
  readonly name: string;
  readonly role: Role;
};

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === null) throw new Error("A screen was drawn without a session around it.");
  return session;
}
