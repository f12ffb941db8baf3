export type {
  CallInput,
  CallOutput,
  ControlClient,
  ControlClientOptions,
} from "./control-client.ts";
export { createControlClient } from "./control-client.ts";
export type { SpillwayErrorFields } from "./spillway-error.ts";
export { SpillwayError } from "./spillway-error.ts";
