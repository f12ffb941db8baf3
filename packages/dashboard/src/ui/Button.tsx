import type { ComponentProps } from "react";

type Look = "plain" | "primary" | "danger" | "quiet";

const LOOKS: Record<Look, string> = {
  plain: "border border-edge/60 bg-surface text-ink hover:bg-raised",
  primary: "border border-transparent bg-ink text-page hover:opacity-90",
  danger: "border border-transparent bg-danger text-white hover:opacity-90",
  quiet: "border border-transparent text-muted hover:bg-raised hover:text-ink",
};

const SIZES = { small: "h-7 px-2 text-xs", middle: "h-9 px-3.5", large: "h-11 px-4.5 text-sm" };

export function Button({
  look = "plain",
  size = "middle",
  className = "",
  ...rest
}: ComponentProps<"button"> & { readonly look?: Look; readonly size?: keyof typeof SIZES }) {
  return (
    <button
      type="button"
      {...rest}
      className={`inline-flex items-center justify-center gap-2 rounded-md font-medium whitespace-nowrap disabled:border-line disabled:bg-raised disabled:text-muted disabled:opacity-100 ${LOOKS[look]} ${SIZES[size]} ${className}`}
    />
  );
}
