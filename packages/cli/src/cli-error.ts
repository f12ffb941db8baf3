/** What a shell or a CI job reads. 3 is for "not known yet": nobody may take it for a yes or a no. */
export const EXIT = { done: 0, failed: 1, usage: 2, undecided: 3 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Something that the CLI itself found wrong; the message says what to do. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.usage, options?: { cause: unknown }) {
    super(message, options);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}
