export { chunkOf, completionOf, dataOf, DONE, streamOf, usageFrame } from "./chat-wire.ts";
export type {
  FakeProvider,
  FakeReply,
  FakeScript,
  FakeStep,
  SeenRequest,
} from "./fake-provider.ts";
export { errorReply, jsonReply, sseReply, startFakeProvider } from "./fake-provider.ts";
export { buildFeedback } from "./feedback-builder.ts";
export type { LogLine, MemorySink } from "./memory-sink.ts";
export { createMemoryLog, createMemorySink } from "./memory-sink.ts";
export type { GatewayHarness, GatewayHarnessOptions } from "./gateway-harness.ts";
export { startGatewayHarness } from "./gateway-harness.ts";
export type { ReleaseSpec } from "./routing-builders.ts";
export {
  buildGatewayKey,
  buildRolloutRoute,
  buildRoute,
  buildServableRelease,
  buildSnapshot,
  GATEWAY_SECRET,
} from "./routing-builders.ts";
export { buildExchange } from "./exchange-builder.ts";
export type { FakeControlPlane } from "./fake-control-plane.ts";
export { CONTROL_TOKEN, startFakeControlPlane } from "./fake-control-plane.ts";
export { findSharedRecordings } from "./shared-recordings.ts";
