import type { Page } from "playwright-core";

/**
 * What an accessibility checker would say of a page, as far as it can be asked by hand: names of
 * controls, heads of tables, sizes of targets, contrast of text. Empty: nothing found.
 */
export async function pageProblems(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const isShown = (element: Element) => element.checkVisibility({ visibilityProperty: true });
    const nameOf = (element: Element): string => {
      const labelledBy = element.getAttribute("aria-labelledby");
      const label = labelledBy === null ? null : document.getElementById(labelledBy);
      const own = (element as HTMLInputElement).labels?.[0];
      return (
        element.getAttribute("aria-label") ??
        label?.textContent ??
        own?.textContent ??
        element.textContent
      ).trim();
    };
    const tag = (element: Element) => `<${element.tagName.toLowerCase()}> "${nameOf(element)}"`;

    function namesAndTargets(): string[] {
      const controls = [...document.querySelectorAll("button, a, input, select, textarea, dialog")];
      return controls.filter(isShown).flatMap((control) => {
        const { width, height } = control.getBoundingClientRect();
        const isTiny = control.tagName !== "INPUT" && (width < 24 || height < 24);
        return [
          ...(nameOf(control) === "" ? [`${control.outerHTML.slice(0, 80)} has no name`] : []),
          ...(isTiny && !isSkipLink(control) ? [`${tag(control)} is ${width} by ${height}`] : []),
        ];
      });
    }

    function isSkipLink(element: Element): boolean {
      return element.getAttribute("href") === "#content";
    }

    function structure(): string[] {
      const tables = [...document.querySelectorAll("table")].flatMap((table) => [
        ...(table.querySelector("th[scope=col]") === null ? ["a table has no column heads"] : []),
        ...(table.querySelector("caption") === null ? ["a table has no caption"] : []),
      ]);
      const images = [...document.querySelectorAll("svg")]
        .filter((svg) => svg.getAttribute("aria-hidden") !== "true")
        .filter((svg) => (svg.getAttribute("aria-label") ?? "") === "")
        .map((svg) => `an image has no text: ${svg.outerHTML.slice(0, 60)}`);
      const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
      const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
      const heads = document.querySelectorAll("h1").length;
      return [
        ...tables,
        ...images,
        ...twice.map((id) => `two elements have the id ${id}`),
        ...(heads === 1 ? [] : [`the page has ${heads} h1`]),
        ...(document.documentElement.lang === "" ? ["the page has no language"] : []),
      ];
    }

    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    function rgba(colour: string): readonly [number, number, number, number] {
      if (canvas === null) throw new Error("No canvas to read colours with.");
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    }
    function backgroundOf(element: Element): readonly [number, number, number] {
      const layers: (readonly [number, number, number, number])[] = [];
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        layers.push(rgba(getComputedStyle(at).backgroundColor));
        if (layers.at(-1)?.[3] === 1) break;
      }
      return layers
        .toReversed()
        .reduce<readonly [number, number, number]>(
          (under, [r, g, b, a]) => [
            r * a + under[0] * (1 - a),
            g * a + under[1] * (1 - a),
            b * a + under[2] * (1 - a),
          ],
          [255, 255, 255],
        );
    }
    const luminance = (colour: readonly number[]): number => {
      const [r = 0, g = 0, b = 0] = colour.map((part) => {
        const linear = part / 255;
        return linear <= 0.04045 ? linear / 12.92 : ((linear + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    function contrast(): string[] {
      const texts = [...document.querySelectorAll("body *")].filter(
        (element) =>
          isShown(element) &&
          !(element as HTMLButtonElement).disabled &&
          !isSkipLink(element) &&
          [...element.childNodes].some(
            (node) => node.nodeType === 3 && node.nodeValue?.trim() !== "",
          ),
      );
      return texts.flatMap((element) => {
        const [r, g, b] = rgba(getComputedStyle(element).color);
        const text = luminance([r, g, b]);
        const under = luminance(backgroundOf(element));
        const ratio = (Math.max(text, under) + 0.05) / (Math.min(text, under) + 0.05);
        return ratio >= 4.5
          ? []
          : [`${tag(element).slice(0, 60)} has a contrast of ${ratio.toFixed(2)}`];
      });
    }
    return [...new Set([...namesAndTargets(), ...structure(), ...contrast()])];
  });
}
