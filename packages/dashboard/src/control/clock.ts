import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { healthQuery } from "./queries.ts";
import { useSession } from "./session.ts";

export type SystemClock = {
  readonly nowMs: number;
  /** Null when the clock is moved by hand. */
  readonly speed: number | null;
};

/** The system's time now, from an answer of the server and the wall time passed since. */
export function clockAt(
  reading: { readonly nowMs: number; readonly speed: number | null; readonly wallMs: number },
  wallNowMs: number,
): SystemClock {
  const isRunning = reading.speed !== null && Number.isFinite(reading.speed);
  const passedMs = isRunning ? (wallNowMs - reading.wallMs) * (reading.speed ?? 1) : 0;
  return { nowMs: Math.round(reading.nowMs + passedMs), speed: isRunning ? reading.speed : null };
}

/** Ticks once a second, which is often enough for "how long". */
export function useClock(): SystemClock {
  const { client } = useSession();
  const { data } = useQuery(healthQuery(client));
  const wallNowMs = useSyncExternalStore(onEverySecond, wallSecond);
  if (data === undefined) return { nowMs: wallNowMs, speed: 1 };
  const { nowMs, speed } = data.health.clock;
  return clockAt(
    { nowMs, speed, wallMs: data.fetchedAtWallMs },
    Math.max(wallNowMs, data.fetchedAtWallMs),
  );
}

function onEverySecond(listener: () => void): () => void {
  const timer = setInterval(listener, 1_000);
  return () => clearInterval(timer);
}

const wallSecond = (): number => Math.floor(Date.now() / 1_000) * 1_000;
