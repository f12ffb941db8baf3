import type { RolloutAction } from "@spillway/contract";
import type { RolloutEvent } from "@spillway/core";
import { AppError, hasRole, nextStageNumber, unreachable } from "@spillway/core";
import type { ControlPorts, RolloutOutcome, RolloutView } from "../control-ports.ts";
import { decisionSummaryOf } from "../decisions/decision-mapping.ts";
import { keyOf, notFound } from "../server/acting.ts";
import { pageRequestOf } from "../server/paging.ts";
import { requireRole, type KeyPrincipal } from "../server/principal.ts";
import { refusalOf } from "../server/refusal.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import {
  rolloutDetailOf,
  rolloutDraftOf,
  rolloutSummaryOf,
  strategyChoiceOf,
} from "./rollout-mapping.ts";

export const rolloutHandlers: HandlersOf<
  | "listRollouts"
  | "createRollout"
  | "getRollout"
  | "rolloutAction"
  | "reviseRollout"
  | "listDecisions"
> = {
  listRollouts: async ({ query }, { ports, clock }) => {
    const { feature, active } = query;
    const page = await ports.rollouts.list({
      ...pageRequestOf(query),
      ...(feature === undefined ? {} : { feature }),
      ...(active === undefined ? {} : { isActive: active === "true" }),
    });
    const items = page.items.map((view) => rolloutSummaryOf(view, clock.nowMs()));
    return { body: { items, nextCursor: page.nextCursor } };
  },

  createRollout: async ({ body }, context) => {
    const draft = rolloutDraftOf(body, keyOf(context).name);
    const view = await context.ports.rollouts.create(draft);
    return { body: rolloutDetailOf(view, context.clock.nowMs()) };
  },

  getRollout: async ({ params }, { ports, clock }) => {
    return { body: rolloutDetailOf(await viewOf(ports, params.id), clock.nowMs()) };
  },

  rolloutAction: async ({ params, body }, context) => {
    const { id, action } = params;
    const key = keyOf(context);
    requireRole(key, action === "approve" ? "reviewer" : "operator");
    const event =
      action === "approve"
        ? approvalOf(key, await viewOf(context.ports, id), body.note)
        : eventOf(action, key.name, body);
    const outcome = await context.ports.rollouts.act(id, event);
    return { body: rolloutDetailOf(appliedView(outcome, id), context.clock.nowMs()) };
  },

  reviseRollout: async ({ params, body }, context) => {
    const outcome = await context.ports.rollouts.revise(params.id, {
      strategy: strategyChoiceOf(body.strategy),
      by: keyOf(context).name,
      note: body.note,
    });
    return { body: rolloutDetailOf(appliedView(outcome, params.id), context.clock.nowMs()) };
  },

  listDecisions: async ({ params, query }, { ports }) => {
    const page = await ports.decisions.list(params.id, pageRequestOf(query));
    if (page === null) throw notFound("rollout", params.id);
    return { body: { items: page.items.map(decisionSummaryOf), nextCursor: page.nextCursor } };
  },
};

async function viewOf({ rollouts }: Pick<ControlPorts, "rollouts">, id: string) {
  const view = await rollouts.view(id);
  if (view === null) throw notFound("rollout", id);
  return view;
}

function appliedView(outcome: RolloutOutcome, id: string): RolloutView {
  switch (outcome.kind) {
    case "applied":
      return outcome.view;
    case "refused":
      throw refusalOf(outcome);
    case "gone":
      throw notFound("rollout", id);
    default:
      return unreachable(outcome);
  }
}

/** The strategy says who may approve entering the next stage; any reviewer where it says nothing. */
function requireApprover(key: KeyPrincipal, view: RolloutView): void {
  const { state, strategy } = view.rollout;
  const next = "stageIndex" in state ? strategy.stages[state.stageIndex + 1] : undefined;
  const wanted = next?.approval ?? null;
  if (next === undefined || wanted === null || hasRole(key.role, wanted)) return;
  throw new AppError(
    "forbidden",
    `Entering ${next.name} is approved by the role ${wanted}; "${key.name}" is ${key.role}.`,
  );
}

/** Names the stage, so that the approval holds for what the role was checked for and nothing else. */
function approvalOf(key: KeyPrincipal, view: RolloutView, note: string): ActionEvent {
  requireApprover(key, view);
  const stageIndex = nextStageNumber(view.rollout);
  return {
    kind: "approve",
    by: key.name,
    note,
    ...(stageIndex === null ? {} : { stageIndex }),
  };
}

type ActionEvent = Exclude<RolloutEvent, { kind: "tick" | "revise" }>;

function eventOf(
  action: Exclude<RolloutAction, "approve">,
  by: string,
  body: { readonly note: string; readonly full: boolean; readonly override: boolean },
): ActionEvent {
  const { note, full, override } = body;
  if (action === "promote") return { kind: "promote", by, note, full, override };
  return { kind: action, by, note };
}
