import type { Exchange } from "./exchange.ts";

/**
 * How long the texts of an exchange may be, in UTF-16 units. One set for both sides of the wire: the
 * gateway cuts what is longer, and the control plane refuses what nobody cut. What is refused is lost
 * to the evidence, so the two must never differ.
 */
export const EXCHANGE_BOUNDS = {
  id: 200,
  word: 500,
  attributeName: 200,
  attributes: 100,
  attempts: 100,
  error: 10_000,
} as const;

/**
 * The exchange with every text within its bounds. A cut attribute still names its slice; names that are
 * too long, and attributes beyond the hundredth, are left out (prompt variables travel as attributes,
 * and their whole text stands in the input).
 */
export function boundedExchange(exchange: Exchange): Exchange {
  return {
    ...exchange,
    unit: cutOrNull(exchange.unit),
    tenant: cutOrNull(exchange.tenant),
    user: cutOrNull(exchange.user),
    conversation: cutOrNull(exchange.conversation),
    attributes: boundedAttributes(exchange.attributes),
    errorCode: cutOrNull(exchange.errorCode),
    attempts: exchange.attempts.slice(0, EXCHANGE_BOUNDS.attempts).map((attempt) => ({
      ...attempt,
      target: cut(attempt.target, EXCHANGE_BOUNDS.word),
      error: attempt.error === null ? null : cut(attempt.error, EXCHANGE_BOUNDS.error),
    })),
    inputTokens: wholeOrNull(exchange.inputTokens),
    outputTokens: wholeOrNull(exchange.outputTokens),
    modelServed: cutOrNull(exchange.modelServed),
    finishReason: cutOrNull(exchange.finishReason),
  };
}

function boundedAttributes(attributes: Exchange["attributes"]): Exchange["attributes"] {
  const kept = Object.entries(attributes)
    .filter(([name]) => name.length <= EXCHANGE_BOUNDS.attributeName)
    .slice(0, EXCHANGE_BOUNDS.attributes);
  return Object.fromEntries(kept.map(([name, text]) => [name, cut(text, EXCHANGE_BOUNDS.word)]));
}

function cutOrNull(text: string | null): string | null {
  return text === null ? null : cut(text, EXCHANGE_BOUNDS.word);
}

/** Never between the halves of a surrogate pair. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHighSurrogate ? length - 1 : length);
}

/** A provider's count that is no whole number is no count. */
function wholeOrNull(count: number | null): number | null {
  return count !== null && Number.isSafeInteger(count) && count >= 0 ? count : null;
}
