import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useRef } from "react";
import type { ShortcutAct } from "./shortcuts.ts";
import { shortcutOf } from "./shortcuts.ts";

/** The second key of "g b" has to follow within this time. */
const SEQUENCE_MS = 1_200;

/** Listens on the document for as long as the shell is there. */
export function useShortcuts(options: {
  readonly areLettersOn: boolean;
  readonly onHelp: () => void;
}): void {
  const navigate = useNavigate();
  const waiting = useRef<{ key: string; atMs: number } | null>(null);
  const carryOut = (act: Exclude<ShortcutAct, { kind: "wait_for_second" }>) => {
    switch (act.kind) {
      case "help":
        return options.onHelp();
      case "filter":
        return document.querySelector<HTMLInputElement>("[data-filter]")?.focus();
      case "row":
        return focusRow(act.step);
      case "go":
        return void navigate({ to: act.to });
      case "leave":
        return leave(() => void navigate({ to: "/" }));
      default:
        return act satisfies never;
    }
  };
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const previous = waiting.current;
    waiting.current = null;
    const isFresh = previous !== null && event.timeStamp - previous.atMs < SEQUENCE_MS;
    const act = shortcutOf({
      key: event.key,
      previousKey: isFresh ? previous.key : null,
      isTyping: isTextField(event.target),
      isDialogOpen: document.querySelector("dialog[open]") !== null,
      hasModifier: event.ctrlKey || event.metaKey || event.altKey,
      areLettersOn: options.areLettersOn,
    });
    if (act === null) return;
    if (act.kind === "wait_for_second") {
      waiting.current = { key: event.key, atMs: event.timeStamp };
      return;
    }
    event.preventDefault();
    carryOut(act);
  });
  useEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

function isTextField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  );
}

function focusRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = at === -1 ? (step === 1 ? 0 : rows.length - 1) : at + step;
  rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus();
}

/** Out of the field first, out of the page second. */
function leave(goToBoard: () => void): void {
  const focused = document.activeElement;
  if (focused instanceof HTMLElement && isTextField(focused)) return focused.blur();
  if (location.pathname !== "/") goToBoard();
}
