export { defaultIo } from "./default-io.ts";
export { main } from "./run-command.ts";
