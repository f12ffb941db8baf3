/** One thing that is wrong with what somebody wants to register, by its path in what they sent. */
export type ConfigurationProblem = { readonly path: string; readonly message: string };

/** "components[2]" and "content.id" -> "components[2].content.id"; an empty prefix adds nothing. */
export function problemPath(prefix: string, path: string): string {
  if (prefix === "" || path === "") return prefix + path;
  return path.startsWith("[") ? prefix + path : `${prefix}.${path}`;
}
