import { z } from "zod";
import { PageQuery, pageOf } from "./common.ts";
import { Feedback, FeedbackBatch, FeedbackQuery } from "./feedback.ts";
import * as operation from "./operation.ts";
import type { RouteContract } from "./route-contract.ts";
import { byId } from "./route-contract.ts";

/** Ledger, snapshot, gateways, exchanges, keys, and what gateways call. */
export const OPERATION_ROUTES = {
  listLedger: {
    method: "GET",
    path: "/api/v1/ledger",
    summary: "Ledger entries, newest first",
    role: "viewer",
    query: PageQuery,
    status: 200,
    response: pageOf(operation.LedgerEntry),
  },
  verifyLedger: {
    method: "GET",
    path: "/api/v1/ledger/verify",
    summary: "Check the hash chain from its beginning, and the decisions that it seals",
    role: "viewer",
    query: z.object({
      /** A head that was kept elsewhere: seq and hash of an entry that must be there. */
      head: z
        .string()
        .regex(/^(?:0|[1-9]\d{0,14}):[0-9a-f]{64}$/, "wanted <seq>:<hash>, as verify prints it")
        .optional(),
    }),
    status: 200,
    response: operation.LedgerVerification,
  },

  getSnapshot: {
    method: "GET",
    path: "/api/v1/snapshot",
    summary: "The routing state as the gateways get it, without key hashes",
    role: "viewer",
    status: 200,
    response: z.json(),
  },
  listGateways: {
    method: "GET",
    path: "/api/v1/gateways",
    summary: "Which gateway serves which revision",
    role: "viewer",
    status: 200,
    response: z.object({ items: z.array(operation.Gateway), snapshotRevision: z.number().int() }),
  },
  getExchange: {
    method: "GET",
    path: "/api/v1/exchanges/:id",
    summary: "One stored exchange with its scores",
    role: "reviewer",
    params: byId,
    status: 200,
    response: operation.ExchangeView,
  },

  listFeedback: {
    method: "GET",
    path: "/api/v1/feedback",
    summary: "What became of answers, newest first, and what was counted of it",
    role: "reviewer",
    query: FeedbackQuery,
    status: 200,
    response: pageOf(Feedback),
  },

  listKeys: {
    method: "GET",
    path: "/api/v1/keys",
    summary: "Keys, without their secrets",
    role: "admin",
    status: 200,
    response: z.object({ items: z.array(operation.Key) }),
  },
  createKey: {
    method: "POST",
    path: "/api/v1/keys",
    summary: "Make a key; its secret is shown once",
    role: "admin",
    body: operation.KeyDraft,
    status: 201,
    response: operation.CreatedKey,
  },
  revokeKey: {
    method: "DELETE",
    path: "/api/v1/keys/:id",
    summary: "Revoke a key",
    role: "admin",
    params: byId,
    status: 200,
    response: operation.Key,
  },

  pullSnapshot: {
    method: "GET",
    path: "/internal/v1/snapshot",
    summary: "The whole snapshot; 304 with If-None-Match",
    role: "gateway",
    status: 200,
    response: z.json(),
  },
  deliverExchanges: {
    method: "POST",
    path: "/internal/v1/exchanges",
    summary: "A batch of exchanges; repeats count once",
    role: "gateway",
    body: operation.ExchangeBatch,
    status: 200,
    response: operation.ExchangeReceipt,
  },
  deliverFeedback: {
    method: "POST",
    path: "/internal/v1/feedback",
    summary: "A batch of feedback; repeats count once",
    role: "gateway",
    body: FeedbackBatch,
    status: 200,
    response: operation.ExchangeReceipt,
  },
  reportGateway: {
    method: "POST",
    path: "/internal/v1/gateways",
    summary: "A gateway says what it serves",
    role: "gateway",
    body: operation.GatewayReport,
    status: 200,
    response: z.object({ snapshotRevision: z.number().int() }),
  },
} as const satisfies Record<string, RouteContract>;
