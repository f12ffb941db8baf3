/** Numbers and times as people read them. Durations in words; a minus is a minus sign. */

export function durationInWords(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1_000;
  const units = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ] as const;
  const unit = units.find(([, size]) => seconds >= size);
  if (unit === undefined) return `${Math.floor(seconds)} s`;
  const amount = seconds / unit[1];
  const shown = amount >= 10 ? Math.floor(amount) : Math.floor(amount * 10) / 10;
  return `${shown} ${unit[0]}${shown === 1 ? "" : "s"}`;
}

/** 1234 -> "1,234". */
export const count = (amount: number): string => Math.round(amount).toLocaleString("en-US");

/** 1000 -> "10%", 25 -> "0.25%". */
export function share(basisPoints: number): string {
  return `${Number((basisPoints / 100).toFixed(2))}%`;
}

/** "discharge-summary@14" -> "@14" beside its own feature, whole elsewhere. */
export function releaseBeside(release: string, feature: string): string {
  return release.startsWith(`${feature}@`) ? release.slice(feature.length) : release;
}

/**
 * Categories of Unicode: control and format characters, but for tab and line ends, and but for the
 * joiners that Persian, Indic scripts and emoji need.
 */
const HIDDEN = /(?![\t\n\r\u200c\u200d])[\p{Cc}\p{Cf}]/gu;

/** Control and bidirectional characters made visible, so that a text cannot pretend. */
export function visible(text: string): string {
  return text.replace(
    HIDDEN,
    (found) => `\u27e8U+${found.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}\u27e9`,
  );
}

/** "rolled_back" -> "rolled back". */
export const spaced = (word: string): string => word.replaceAll("_", " ");

export function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function localTime(ms: number): string {
  return new Date(ms).toLocaleString(undefined, {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}
