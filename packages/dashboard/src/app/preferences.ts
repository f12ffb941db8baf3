/** What this browser remembers of a person's choices. Storage may be forbidden; then for this page. */
const THEME = "spillway.theme";
const LETTERS = "spillway.letter-keys";

export type Theme = "light" | "dark";

export function themeNow(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  store(THEME, theme);
}

export const areLetterKeysOn = (): boolean => read(LETTERS) !== "off";

export const chooseLetterKeys = (areOn: boolean): void => store(LETTERS, areOn ? "on" : "off");

function store(name: string, text: string): void {
  try {
    localStorage.setItem(name, text);
  } catch {
    // Forbidden or full: the choice holds until the page is left, which is all that can be done.
  }
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
