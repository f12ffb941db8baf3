import type { Config } from "./config.ts";
import type { Clock, Ids, Log, Wall } from "./ports.ts";
import { createAcceleratedClock, createSystemClock, createSystemWall } from "./telemetry/clocks.ts";
import { createIds } from "./telemetry/ids.ts";
import { createLog } from "./telemetry/log.ts";

/** What every process has, whatever its role. */
export type Runtime = {
  readonly clock: Clock;
  readonly wall: Wall;
  readonly ids: Ids;
  readonly log: Log;
};

export function createRuntime(config: Config, name: string): Runtime {
  const wall = createSystemWall();
  return {
    clock: createClock(config, wall),
    wall,
    ids: createIds({ nowMs: wall.nowMs }),
    log: createLog({ level: config.logLevel, name }),
  };
}

/** Processes that share an anchor agree on the time, and go on from where they were after a restart. */
function createClock({ clock: { speed, anchorWallMs } }: Config, wall: Wall): Clock {
  if (speed === 1) return createSystemClock(wall);
  const anchorMs = anchorWallMs ?? wall.nowMs();
  return createAcceleratedClock({
    speed,
    startMs: anchorMs + (wall.nowMs() - anchorMs) * speed,
    wall,
  });
}
