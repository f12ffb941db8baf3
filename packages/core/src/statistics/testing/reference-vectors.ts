/** One reference value: which function of which published code, what went in and what came out. */
export type Vector = {
  readonly id: string;
  readonly function: string;
  readonly inputs: unknown;
  readonly expected: unknown;
  /** Largest relative distance allowed. */
  readonly tol_rel: number;
  /** The authors' own value from a separate implementation, where they publish one. */
  readonly upstream_target?: unknown;
  readonly target_abs_tol?: number;
  readonly order_stat_indices_1based?: unknown;
};

// Inputs differ by function; each reader takes the ones that its own function has.
export type Numbers = Readonly<Record<string, number>>;

/** How one family of vectors is computed with this package. */
export type Reader = {
  readonly covers: RegExp;
  readonly read: (inputs: Numbers & { readonly one_sided: boolean }, vector: Vector) => unknown;
};
