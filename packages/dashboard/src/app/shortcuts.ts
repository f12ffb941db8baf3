/** What a key does. Pure: the shell carries it out. Nothing here moves traffic. */
export type ShortcutAct =
  | { readonly kind: "help" }
  | { readonly kind: "filter" }
  | { readonly kind: "row"; readonly step: 1 | -1 }
  | { readonly kind: "go"; readonly to: "/" | "/ledger" }
  | { readonly kind: "leave" }
  | { readonly kind: "wait_for_second" };

export const SHORTCUTS: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ["?"], does: "Show or hide this list" },
  { keys: ["/"], does: "Go to the filter" },
  { keys: ["j", "k"], does: "Next or previous row" },
  { keys: ["Enter"], does: "Open the row" },
  { keys: ["g", "b"], does: "Go to the releases board" },
  { keys: ["g", "l"], does: "Go to the ledger" },
  { keys: ["Esc"], does: "Close, or go back to the board" },
];

export function shortcutOf(input: {
  readonly key: string;
  readonly previousKey: string | null;
  readonly isTyping: boolean;
  readonly isDialogOpen: boolean;
  readonly hasModifier: boolean;
  readonly areLettersOn: boolean;
}): ShortcutAct | null {
  const { key, previousKey, isTyping, isDialogOpen, hasModifier, areLettersOn } = input;
  if (hasModifier || isDialogOpen) return null;
  if (key === "Escape") return { kind: "leave" };
  if (isTyping || !areLettersOn) return null;
  if (previousKey === "g" && key === "b") return { kind: "go", to: "/" };
  if (previousKey === "g" && key === "l") return { kind: "go", to: "/ledger" };
  switch (key) {
    case "?":
      return { kind: "help" };
    case "/":
      return { kind: "filter" };
    case "j":
      return { kind: "row", step: 1 };
    case "k":
      return { kind: "row", step: -1 };
    case "g":
      return { kind: "wait_for_second" };
    default:
      return null;
  }
}
