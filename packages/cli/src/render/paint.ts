export type Paint = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly red: (text: string) => string;
  readonly cyan: (text: string) => string;
};

const codes = (open: number, close: number) => (text: string) =>
  `\u001B[${open}m${text}\u001B[${close}m`;

const plain = (text: string) => text;

/** Colours for a terminal; nothing at all for a pipe or NO_COLOR. */
export function createPaint(isColoured: boolean): Paint {
  if (!isColoured) {
    return { bold: plain, dim: plain, green: plain, yellow: plain, red: plain, cyan: plain };
  }
  return {
    bold: codes(1, 22),
    dim: codes(2, 22),
    green: codes(32, 39),
    yellow: codes(33, 39),
    red: codes(31, 39),
    cyan: codes(36, 39),
  };
}
