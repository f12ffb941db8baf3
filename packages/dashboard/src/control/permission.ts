import type { Role, RolloutAction } from "@spillway/contract";

const RANK: Record<Role, number> = { viewer: 0, reviewer: 1, operator: 2, admin: 3 };

const LEAST_ROLE: Record<Exclude<RolloutAction, "rollback">, Role> = {
  start: "operator",
  promote: "operator",
  approve: "reviewer",
  pause: "operator",
  resume: "operator",
  abort: "operator",
};

/** Why this role may not do it; null = it may. Roll back is never refused here: the server answers. */
export function refusalOf(action: RolloutAction, role: Role): string | null {
  if (action === "rollback") return null;
  const least = LEAST_ROLE[action];
  if (RANK[role] >= RANK[least]) return null;
  return `Your key has the role ${role}; this needs ${least}.`;
}
