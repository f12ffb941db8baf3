import type { ReactNode } from "react";
import { CheckIcon, CrossIcon, PauseIcon, QuestionIcon, TriangleIcon } from "./icons.tsx";
import type { Light } from "./light.ts";
import { LIGHT_WORD } from "./light.ts";

const LOOK: Record<Light, { readonly icon: ReactNode; readonly className: string }> = {
  pass: { icon: <CheckIcon />, className: "text-pass bg-pass-soft" },
  hold: { icon: <PauseIcon />, className: "text-hold bg-hold-soft" },
  fail: { icon: <CrossIcon />, className: "text-fail bg-fail-soft" },
  inconclusive: { icon: <QuestionIcon />, className: "text-doubt bg-doubt-soft" },
  error: {
    icon: <TriangleIcon />,
    className: "text-error bg-error-soft ring-1 ring-error ring-inset",
  },
  none: { icon: null, className: "text-muted" },
};

/** Word, icon and colour together: never colour alone. */
export function GateLight({ light, word }: { readonly light: Light; readonly word?: string }) {
  const { icon, className } = LOOK[light];
  return (
    <span
      data-light={light}
      className={`inline-flex h-6 items-center gap-1.5 rounded px-1.5 text-xs font-semibold whitespace-nowrap ${className}`}
    >
      {icon}
      {word ?? LIGHT_WORD[light]}
    </span>
  );
}
