import type { ReactNode } from "react";

/** Drawn on a 16 grid, in the text's colour; the word beside them carries the meaning too. */
function Icon({ children, size = 14 }: { readonly children: ReactNode; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className="shrink-0"
    >
      {children}
    </svg>
  );
}

export const CheckIcon = () => (
  <Icon>
    <path d="M3 8.5 6.5 12 13 4.5" />
  </Icon>
);

export const PauseIcon = () => (
  <Icon>
    <path d="M5.5 3.5v9M10.5 3.5v9" strokeWidth="2.6" />
  </Icon>
);

export const CrossIcon = () => (
  <Icon>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Icon>
);

export const QuestionIcon = () => (
  <Icon>
    <path d="M5.2 5.6a2.8 2.8 0 1 1 4.2 2.5C8.4 8.7 8 9.2 8 10" />
    <path d="M8 13.2h.01" strokeWidth="2.4" />
  </Icon>
);

export const TriangleIcon = () => (
  <Icon>
    <path d="M8 2.2 14.5 13.5h-13z" strokeWidth="1.7" />
    <path d="M8 6.5v3M8 11.5h.01" strokeWidth="1.7" />
  </Icon>
);

export const ArrowIcon = () => (
  <Icon size={12}>
    <path d="M2.5 8h11M9.5 4l4 4-4 4" strokeWidth="1.8" />
  </Icon>
);

export const ChevronIcon = () => (
  <Icon size={12}>
    <path d="m6 3.5 4.5 4.5L6 12.5" />
  </Icon>
);

export const BackIcon = () => (
  <Icon>
    <path d="M5.5 3 2 6.5 5.5 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H6" strokeWidth="1.8" />
  </Icon>
);

export const SunIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="2.8" strokeWidth="1.6" />
    <path
      d="M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7"
      strokeWidth="1.6"
    />
  </Icon>
);

export const MoonIcon = () => (
  <Icon>
    <path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" strokeWidth="1.6" />
  </Icon>
);

export const Mark = () => (
  <svg width="20" height="20" viewBox="0 0 20 20" fill="none" aria-hidden="true">
    <path
      d="M2 4h5v4h4.5v4H16v4h2.5"
      stroke="var(--accent)"
      strokeWidth="2.6"
      strokeLinejoin="round"
      strokeLinecap="round"
    />
  </svg>
);
