import { unreachable } from "@spillway/core";
import type { ChatFrame } from "./chat-frame.ts";

/**
 * A stream's way to the client.
 *
 *   HELD       nothing has been sent; lifecycle frames wait. Another attempt is still possible.
 *   COMMITTED  bytes flow; whatever happens now, this attempt is the answer.
 *   DONE       the provider finished: every choice has a finish reason.
 *   FAILED     it did not: an in-band error frame, then [DONE]. Never a clean end.
 *
 *   state      frame                               action   next
 *   any        not JSON, no chunk                  drop     same
 *   any        usage only, client did not ask      drop     same
 *   HELD       comment, role, empty content        hold     HELD
 *   HELD       content, or all choices finished    commit   COMMITTED
 *   HELD       error, or [DONE] too early          fail     (next attempt)
 *   COMMITTED  comment, chunk                      send     COMMITTED
 *   COMMITTED  error, or [DONE] too early          fail     FAILED
 *   any        [DONE], all choices finished        finish   DONE
 */
export type CommitPhase = "held" | "committed";

export type FrameAction = "hold" | "commit" | "send" | "strip" | "drop" | "finish" | "fail";

export function decideFrame(
  phase: CommitPhase,
  frame: ChatFrame,
  stream: { readonly isFinished: boolean; readonly wantsUsage: boolean },
): FrameAction {
  switch (frame.kind) {
    case "malformed":
      return "drop";
    case "error":
      return "fail";
    case "done":
      return stream.isFinished ? "finish" : "fail";
    case "silent":
      return phase === "held" ? "hold" : "send";
    case "chunk":
      if (frame.chunk.isUsageOnly && !stream.wantsUsage) return "strip";
      if (phase === "committed") return "send";
      return frame.chunk.hasContent || stream.isFinished ? "commit" : "hold";
    default:
      return unreachable(frame);
  }
}
