/** What the demo says: calm lines, coloured only for people. */
export type Terminal = {
  readonly title: (text: string) => void;
  readonly line: (text: string) => void;
  /** Something that happened, with when on the system's clock; long ones are wrapped below it. */
  readonly event: (mark: Mark, at: string, text: string) => void;
  /** Never wrapped, so that it can be copied. */
  readonly verbatim: (label: string, text: string) => void;
  readonly table: (header: readonly string[], rows: readonly (readonly string[])[]) => void;
};

export type Mark = "pass" | "fail" | "move" | "wait";

const MARKS: Readonly<Record<Mark, readonly [string, string]>> = {
  pass: ["✔", "32"],
  fail: ["✖", "31"],
  move: ["▸", "36"],
  wait: ["◌", "90"],
};

const AT_WIDTH = 9;
const LABEL_WIDTH = 10;
/** Wide enough for a sentence, narrow enough to be read; also where there is no terminal to ask. */
const MOST_COLUMNS = 110;

export function createTerminal(
  stream: Pick<NodeJS.WriteStream, "isTTY" | "columns"> & { write: (text: string) => unknown },
): Terminal {
  const isColoured = stream.isTTY && process.env["NO_COLOR"] === undefined;
  const columns = Math.max(40, Math.min(MOST_COLUMNS, stream.columns ?? MOST_COLUMNS));
  const paint = (code: string, text: string): string =>
    isColoured ? `\u001B[${code}m${text}\u001B[0m` : text;
  const write = (text: string): void => {
    stream.write(`${text}\n`);
  };
  return {
    title: (text) => write(`\n${paint("1", text)}`),
    line: (text) => {
      for (const part of wrapped(text, columns - 2)) write(`  ${part}`);
    },
    event: (mark, at, text) => {
      const [sign, colour] = MARKS[mark];
      const indent = AT_WIDTH + 6;
      const [first = "", ...rest] = wrapped(text, columns - indent);
      write(`  ${paint("90", at.padStart(AT_WIDTH))}  ${paint(colour, sign)} ${first}`);
      for (const part of rest) write(" ".repeat(indent) + part);
    },
    verbatim: (label, text) => write(`  ${label.padEnd(LABEL_WIDTH)} ${text}`),
    table: (header, rows) => {
      const widths = header.map((_, at) =>
        Math.max(...[header, ...rows].map((row) => row[at]?.length ?? 0)),
      );
      const line = (row: readonly string[]): string =>
        `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd();
      write(paint("90", line(header)));
      for (const row of rows) write(line(row));
    },
  };
}

/** Lines of whole words; a word that is longer than a line stands alone on one. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
