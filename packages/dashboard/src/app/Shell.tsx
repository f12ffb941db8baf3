import { Link, Outlet } from "@tanstack/react-router";
import { useState, useSyncExternalStore } from "react";
import { useClock } from "../control/clock.ts";
import type { LiveState } from "../control/live.ts";
import { useSession } from "../control/session.ts";
import { Button } from "../ui/Button.tsx";
import { Mark, MoonIcon, SunIcon } from "../ui/icons.tsx";
import { CheatSheet } from "./CheatSheet.tsx";
import { areLetterKeysOn, chooseLetterKeys, chooseTheme, themeNow } from "./preferences.ts";
import { useShellParts } from "./shell-context.ts";
import { useShortcuts } from "./use-shortcuts.ts";

const NAVIGATION = [
  { to: "/", label: "Releases" },
  { to: "/ledger", label: "Ledger" },
] as const;

/** The frame of every screen: where one is, whether it is live, who one is. */
export function Shell() {
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const [areLettersOn, setAreLettersOn] = useState(areLetterKeysOn);
  useShortcuts({ areLettersOn, onHelp: () => setIsHelpOpen(true) });
  return (
    <>
      <a
        href="#content"
        className="absolute top-1 left-1 z-20 -translate-y-16 rounded bg-ink px-3 py-2 text-page focus:translate-y-0"
      >
        Skip to the content
      </a>
      <header data-print="no" className="border-b border-line bg-surface">
        <div className="mx-auto flex min-h-12 max-w-[100rem] flex-wrap items-center gap-x-6 gap-y-1 px-4 py-1.5 lg:px-6">
          <span className="inline-flex items-center gap-2 text-base font-semibold tracking-tight">
            <Mark />
            Spillway
          </span>
          <nav aria-label="Screens" className="flex gap-1">
            {NAVIGATION.map(({ to, label }) => (
              <Link
                key={to}
                to={to}
                activeOptions={{ exact: true, includeSearch: false }}
                activeProps={{ className: "bg-raised text-ink" }}
                inactiveProps={{ className: "text-muted hover:text-ink" }}
                className="rounded-md px-2.5 py-1 font-medium"
              >
                {label}
              </Link>
            ))}
          </nav>
          <div className="ml-auto flex flex-wrap items-center gap-x-3 gap-y-1">
            <ClockBadge />
            <LiveIndicator />
            <Who />
            <ThemeToggle />
            <Button
              look="quiet"
              size="small"
              aria-label="Keyboard shortcuts"
              onClick={() => setIsHelpOpen(true)}
            >
              ?
            </Button>
          </div>
        </div>
      </header>
      <main id="content" className="mx-auto max-w-[100rem] px-3 py-4 sm:px-4 lg:px-6 lg:py-5">
        <Outlet />
      </main>
      {isHelpOpen && (
        <CheatSheet
          areLettersOn={areLettersOn}
          onLetters={(areOn) => {
            chooseLetterKeys(areOn);
            setAreLettersOn(areOn);
          }}
          onClose={() => setIsHelpOpen(false)}
        />
      )}
    </>
  );
}

const LIVE: Record<
  LiveState,
  { readonly word: string; readonly dot: string; readonly text: string }
> = {
  connecting: { word: "connecting", dot: "border border-edge", text: "text-muted" },
  live: { word: "live", dot: "bg-pass", text: "text-muted" },
  reconnecting: {
    word: "reconnecting",
    dot: "border-2 border-hold",
    text: "text-hold font-medium",
  },
};

function LiveIndicator() {
  const { feed } = useShellParts();
  const state = useSyncExternalStore(feed.subscribe, feed.state);
  const { word, dot, text } = LIVE[state];
  return (
    <span
      role="status"
      data-live={state}
      className={`inline-flex items-center gap-1.5 text-xs ${text}`}
    >
      <span aria-hidden="true" className={`size-2 rounded-full ${dot}`} />
      {word}
    </span>
  );
}

/** Shown only where time does not run as on the wall. */
function ClockBadge() {
  const { speed } = useClock();
  if (speed === 1) return null;
  const word = speed === null ? "clock moved by hand" : `clock \u00d7${speed}`;
  return (
    <span
      title="The system's time does not run at the wall's speed; all durations here are the system's."
      className="rounded-sm border border-edge px-1.5 text-xs leading-5"
    >
      {word}
    </span>
  );
}

function Who() {
  const { name, role } = useSession();
  const { onLeave } = useShellParts();
  return (
    <span className="inline-flex items-center gap-1 text-xs">
      <span className="max-w-32 truncate" title={`${name}, ${role}`}>
        {name} <span className="text-muted">{role}</span>
      </span>
      <Button look="quiet" size="small" onClick={onLeave} aria-label="Forget the key of this tab">
        Leave
      </Button>
    </span>
  );
}

function ThemeToggle() {
  const [theme, setTheme] = useState(themeNow);
  const other = theme === "dark" ? "light" : "dark";
  return (
    <Button
      look="quiet"
      size="small"
      aria-label={`Use the ${other} theme`}
      onClick={() => {
        chooseTheme(other);
        setTheme(other);
      }}
    >
      {theme === "dark" ? <SunIcon /> : <MoonIcon />}
    </Button>
  );
}
