import { applyHandlers } from "./apply/apply-routes.ts";
import { componentHandlers } from "./components/component-routes.ts";
import { decisionHandlers } from "./decisions/decision-routes.ts";
import { exchangeHandlers } from "./exchanges/exchange-routes.ts";
import { featureHandlers } from "./features/feature-routes.ts";
import { feedbackHandlers } from "./feedback/feedback-routes.ts";
import { gatewayHandlers } from "./gateways/gateway-routes.ts";
import { internalHandlers } from "./internal/internal-routes.ts";
import { keyHandlers } from "./keys/key-routes.ts";
import { ledgerHandlers } from "./ledger/ledger-routes.ts";
import { operationHandlers } from "./operation/operation-routes.ts";
import { releaseHandlers } from "./releases/release-routes.ts";
import { rolloutHandlers } from "./rollouts/rollout-routes.ts";
import type { RouteHandlers } from "./server/route-handlers.ts";
import { snapshotHandlers } from "./snapshot/snapshot-routes.ts";
import { strategyHandlers } from "./strategies/strategy-routes.ts";

/** One handler for each route of the contract; the type checker refuses a missing one. */
export const HANDLERS: RouteHandlers = {
  ...applyHandlers,
  ...componentHandlers,
  ...decisionHandlers,
  ...exchangeHandlers,
  ...featureHandlers,
  ...feedbackHandlers,
  ...gatewayHandlers,
  ...internalHandlers,
  ...keyHandlers,
  ...ledgerHandlers,
  ...operationHandlers,
  ...releaseHandlers,
  ...rolloutHandlers,
  ...snapshotHandlers,
  ...strategyHandlers,
};
