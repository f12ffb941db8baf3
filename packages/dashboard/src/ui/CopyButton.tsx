import { useState } from "react";
import { Button } from "./Button.tsx";

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [outcome, setOutcome] = useState<"idle" | "copied" | "refused">("idle");
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setOutcome("copied"),
      () => setOutcome("refused"),
    );
  };
  const word = { idle: label, copied: "Copied", refused: "Select and copy by hand" }[outcome];
  return (
    <Button size="small" onClick={copy} onBlur={() => setOutcome("idle")}>
      <span aria-live="polite">{word}</span>
    </Button>
  );
}
