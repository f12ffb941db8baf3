import type { IncomingMessage } from "node:http";
import { AppError } from "@spillway/core";

/**
 * The whole body, up to a bound. Beyond the bound it throws `body_too_large` at once and leaves the
 * rest unread: what is not wanted is not paid for.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxBytes) return Promise.reject(tooLarge(`${declared}`, maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.off("data", onData);
      request.pause();
      reject(tooLarge(`more than ${maxBytes}`, maxBytes));
    };
    request.on("data", onData);
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", (cause) =>
      reject(new AppError("cancelled", "The client closed the request.", { cause })),
    );
    request.once("close", () =>
      reject(new AppError("cancelled", "The client closed the request before its body ended.")),
    );
  });
}

function tooLarge(found: string, maxBytes: number): AppError {
  return new AppError(
    "body_too_large",
    `The body has ${found} bytes; at most ${maxBytes} are taken.`,
  );
}
