export type { Io, OutputStream } from "./io.ts";
export { defaultIo, main } from "./main.ts";
