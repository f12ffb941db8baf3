/**
 * Templates: a strict subset of Mustache. Template text is untrusted input, so there is nothing in it
 * that could run: no partials, no set-delimiter tags, no lambdas, no helpers or filters, no dynamic
 * names. What is not in this table is refused when a prompt is registered, with line and column.
 *
 * | tag                         | meaning                                                           |
 * | --------------------------- | ----------------------------------------------------------------- |
 * | `{{a}}` `{{{a}}}` `{{&a}}`  | the value of `a`; never escaped, because the output is no HTML      |
 * | `{{a.b}}`                   | the field `b` of `a`                                              |
 * | `{{#a}}...{{/a}}`           | once per item of a list; once when `a` has a value; else not       |
 * | `{{^a}}...{{/a}}`           | when `a` is missing, null, false, "" or an empty list              |
 * | `{{! text }}`               | a comment                                                         |
 *
 * A section or comment tag alone on its line takes the line away with it (Mustache specification
 * 1.4, "Standalone"). The number 0 is a value, not an absence.
 */

export type TemplatePosition = { readonly line: number; readonly column: number };

export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "variable";
      readonly path: readonly string[];
      readonly position: TemplatePosition;
    }
  | {
      readonly kind: "section";
      readonly path: readonly string[];
      readonly isInverted: boolean;
      readonly children: readonly TemplateNode[];
      readonly position: TemplatePosition;
    };

export type Template = { readonly nodes: readonly TemplateNode[] };

export type TemplateProblem = TemplatePosition & { readonly message: string };

export type TemplateOutcome =
  | { readonly kind: "template"; readonly template: Template }
  | { readonly kind: "problems"; readonly problems: readonly TemplateProblem[] };

/** Far above any prompt that a person writes, far below what would trouble a gateway. */
const MAX_TEMPLATE_CHARS = 200_000;
const MAX_SECTION_DEPTH = 16;
/** Later problems are mostly echoes of the first ones. */
const MAX_PROBLEMS = 20;

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$/;

type Tag = {
  readonly sigil: "" | "#" | "^" | "/" | "!";
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly position: TemplatePosition;
};

type OpenSection = {
  readonly path: readonly string[];
  readonly isInverted: boolean;
  readonly position: TemplatePosition;
  readonly children: TemplateNode[];
};

/** Parses a template. Every problem that can be told apart is returned, in the order of the text. */
export function parseTemplate(source: string): TemplateOutcome {
  if (source.length > MAX_TEMPLATE_CHARS) {
    const message = `The template has ${source.length} characters, wanted at most ${MAX_TEMPLATE_CHARS}.`;
    return { kind: "problems", problems: [{ message, line: 1, column: 1 }] };
  }
  const locate = locator(source);
  const { tags, problems } = scanTags(source, locate);
  const tree = buildTree(source, tags);
  const all = [...problems, ...tree.problems]
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .slice(0, MAX_PROBLEMS);
  if (all.length > 0) return { kind: "problems", problems: all };
  return { kind: "template", template: { nodes: tree.nodes } };
}

/** One place where a template asks for a name. */
export type TemplateVariable = TemplatePosition & {
  /** The first part of the path: what the prompt's variables declare. */
  readonly name: string;
  /**
   * - `value`: must have a value, or rendering fails.
   * - `section`: asks whether there is a value, so it may be missing.
   * - `inside`: a value within a section of another name; it may be a field of that section's items.
   */
  readonly use: "value" | "section" | "inside";
};

/** Every use of a variable, in the order of the text. A value inside its own section is optional. */
export function templateVariables(template: Template): TemplateVariable[] {
  return usesOf(template.nodes, []);
}

function usesOf(nodes: readonly TemplateNode[], sections: readonly string[]): TemplateVariable[] {
  return nodes.flatMap((node): TemplateVariable[] => {
    if (node.kind === "text") return [];
    const name = node.path[0] ?? "";
    if (node.kind === "section") {
      const use = sections.length === 0 || sections.includes(name) ? "section" : "inside";
      // An inverted section pushes no context, so what it holds is looked up where it stands.
      const within = node.isInverted ? sections : [...sections, name];
      return [{ name, use, ...node.position }, ...usesOf(node.children, within)];
    }
    const own = sections.includes(name);
    const use = own ? "section" : sections.length === 0 ? "value" : "inside";
    return [{ name, use, ...node.position }];
  });
}

function scanTags(source: string, locate: Locate): { tags: Tag[]; problems: TemplateProblem[] } {
  const tags: Tag[] = [];
  const problems: TemplateProblem[] = [];
  let from = 0;
  while (problems.length < MAX_PROBLEMS) {
    const start = source.indexOf("{{", from);
    if (start === -1) break;
    const isTriple = source[start + 2] === "{";
    const closing = isTriple ? "}}}" : "}}";
    const inner = start + (isTriple ? 3 : 2);
    const close = source.indexOf(closing, inner);
    if (close === -1) {
      const message = `This tag is never closed, wanted "${closing}" after it.`;
      problems.push({ message, ...locate(start) });
      break;
    }
    from = close + closing.length;
    const tag = readTag(source.slice(inner, close), isTriple);
    if (typeof tag === "string") problems.push({ message: tag, ...locate(start) });
    else tags.push({ ...tag, start, end: from, position: locate(start) });
  }
  return { tags, problems };
}

const REFUSED_SIGILS: Readonly<Record<string, string>> = {
  ">": "Partials are not supported: write the text here.",
  "=": "Changing the delimiters is not supported: tags are written {{ }}.",
  "<": "Inheritance is not supported: write the text here.",
  $: "Blocks are not supported: write the text here.",
  "*": "Dynamic names are not supported: name the variable.",
  "|": "Filters are not supported: prepare the value in the application.",
};

/** A tag's parts, or the sentence that says why it is refused. */
function readTag(inner: string, isTriple: boolean): Pick<Tag, "sigil" | "name"> | string {
  const text = inner.trim();
  const first = text[0] ?? "";
  if (!isTriple && first === "!") return { sigil: "!", name: "" };
  if (Object.hasOwn(REFUSED_SIGILS, first)) return REFUSED_SIGILS[first] ?? "";
  const isSection = !isTriple && (first === "#" || first === "^" || first === "/");
  const isPlain = !isTriple && first === "&";
  const name = isSection || isPlain ? text.slice(1).trim() : text;
  if (NAME.test(name)) return { sigil: isSection ? first : "", name };
  const shown = name.length > 40 ? `${name.slice(0, 40)}...` : name;
  if (shown === "") return "This tag names no variable, wanted a name such as {{customer}}.";
  const hint = /[\s|(]/.test(name) ? " Helpers, filters and calls are not supported." : "";
  return `"${shown}" is not a variable's name, wanted letters, digits, "_" and "-", with "." between fields.${hint}`;
}

function buildTree(
  source: string,
  tags: readonly Tag[],
): { nodes: readonly TemplateNode[]; problems: TemplateProblem[] } {
  const root: TemplateNode[] = [];
  const open: OpenSection[] = [];
  const problems: TemplateProblem[] = [];
  let from = 0;
  for (const tag of tags) {
    const children = open.at(-1)?.children ?? root;
    const line = tag.sigil === "" ? null : standaloneLine(source, tag);
    addText(children, source.slice(from, line?.start ?? tag.start));
    from = line?.end ?? tag.end;
    const { position } = tag;
    const path = tag.name.split(".");
    if (tag.sigil === "") children.push({ kind: "variable", path, position });
    if (tag.sigil === "#" || tag.sigil === "^") {
      open.push({ path, isInverted: tag.sigil === "^", position, children: [] });
      if (open.length === MAX_SECTION_DEPTH + 1) {
        const message = `Sections are nested more than ${MAX_SECTION_DEPTH} deep.`;
        problems.push({ message, ...position });
      }
    }
    if (tag.sigil === "/") {
      const section = open.at(-1);
      if (section === undefined || section.path.join(".") !== tag.name) {
        problems.push({ message: closingMessage(tag.name, section), ...position });
        // Without the right opener the rest would only report echoes of this.
        return { nodes: root, problems };
      }
      open.pop();
      (open.at(-1)?.children ?? root).push({ kind: "section", ...section });
    }
  }
  addText(open.at(-1)?.children ?? root, source.slice(from));
  const unclosed = open.map((section) => ({
    message: `The section "${section.path.join(".")}" is never closed, wanted {{/${section.path.join(".")}}}.`,
    ...section.position,
  }));
  return { nodes: root, problems: [...problems, ...unclosed] };
}

function closingMessage(name: string, section: OpenSection | undefined): string {
  if (section === undefined) return `{{/${name}}} closes a section that was never opened.`;
  const wanted = section.path.join(".");
  return `Found {{/${name}}}, wanted {{/${wanted}}}: the section opened in line ${section.position.line} is still open.`;
}

function addText(children: TemplateNode[], text: string): void {
  if (text !== "") children.push({ kind: "text", text });
}

/** The whole line of a tag that stands alone on it, with the line break; null when it does not. */
function standaloneLine(source: string, tag: Tag): { start: number; end: number } | null {
  let start = tag.start;
  while (start > 0 && (source[start - 1] === " " || source[start - 1] === "\t")) start -= 1;
  if (start > 0 && source[start - 1] !== "\n") return null;
  let end = tag.end;
  while (source[end] === " " || source[end] === "\t") end += 1;
  if (end === source.length) return { start, end };
  if (source[end] === "\r" && source[end + 1] === "\n") return { start, end: end + 2 };
  return source[end] === "\n" ? { start, end: end + 1 } : null;
}

type Locate = (index: number) => TemplatePosition;

/** Lines and columns count from 1; a column is a UTF-16 code unit, as editors count. */
function locator(source: string): Locate {
  const starts = [0];
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) {
    starts.push(at + 1);
  }
  return (index) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: index - (starts[low] ?? 0) + 1 };
  };
}
