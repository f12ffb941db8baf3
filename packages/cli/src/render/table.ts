// oxlint-disable-next-line no-control-regex -- colours are control characters and have no width.
const COLOUR = /\u001B\[\d+m/g;

/** Columns as wide as their widest cell, two spaces between; the last one is left to run on. */
export function renderTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [headings, ...rows].map((line) =>
    line.map((cell) => cell.replace(/\s*\n\s*/g, " ")),
  );
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => widthOf(line[column] ?? ""))),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function indent(text: string, by = "  "): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : by + line))
    .join("\n");
}

function widthOf(text: string): number {
  return Array.from(text.replace(COLOUR, "")).length;
}
