import { createContext, use } from "react";
import type { LiveFeed } from "../control/live.ts";

export type ShellParts = { readonly feed: LiveFeed; readonly onLeave: () => void };

export const ShellContext = createContext<ShellParts | null>(null);

export function useShellParts(): ShellParts {
  const parts = use(ShellContext);
  if (parts === null) throw new Error("The shell was drawn outside of a session.");
  return parts;
}
