/** A line longer than this is not ours; without a bound a broken server could fill the memory. */
const MAX_LINE_CHARACTERS = 1_048_576;

/**
 * The `data` of each event of a stream, as in the HTML standard, section 9.2.6 (lines end with CR, LF or
 * CRLF; comments and other fields are left out; an unfinished last event is dropped).
 */
export async function* parseServerSentEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new Error(
        `A line of the event stream is longer than ${MAX_LINE_CHARACTERS} characters.`,
      );
    }
    const { lines, remainder } = takeLines(rest);
    rest = remainder;
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield data.join("\n");
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      }
    }
  }
}

/** Keeps a trailing CR back: the next chunk may begin with its LF. */
function takeLines(text: string): { lines: string[]; remainder: string } {
  const heldBack = text.endsWith("\r") ? "\r" : "";
  const parts = text.slice(0, text.length - heldBack.length).split(/\r\n|\n|\r/);
  const last = parts.pop() ?? "";
  return { lines: parts, remainder: last + heldBack };
}
