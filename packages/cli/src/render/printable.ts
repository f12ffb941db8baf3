// oxlint-disable no-control-regex -- control characters are what this file is about.
const CONTROL_OR_COLOUR = /(\u001B\[\d+m)|[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;
const CONTROL = /\u001B\[\d+m|[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

/**
 * Text that can only be read. Prompts, notes and model names come from others, and a terminal would obey
 * the control characters in them: move the cursor over a verdict, or write the clipboard.
 */
export function printable(text: string, colours: "keep" | "remove"): string {
  return colours === "keep" ? text.replace(CONTROL_OR_COLOUR, "$1") : text.replace(CONTROL, "");
}
