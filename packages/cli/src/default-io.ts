import type { Io, OutputStream } from "./io.ts";
import {
  runBacktest,
  runPlan,
  runRehearsal,
  runServer,
  summariseBacktest,
} from "./local-server.ts";
import { defaultSleep } from "./sleep.ts";

export function defaultIo(): Io {
  return {
    stdout: streamOf(process.stdout),
    stderr: streamOf(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    nowMs: () => Date.now(),
    sleep: defaultSleep,
    runServer,
    runBacktest,
    runPlan,
    runRehearsal,
    summariseBacktest,
  };
}

function streamOf(stream: NodeJS.WriteStream): OutputStream {
  // `spillway get rollouts | head` closes the pipe early; that is not a failure of ours.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY,
  };
}
