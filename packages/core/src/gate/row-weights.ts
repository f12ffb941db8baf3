export type RowWeights = {
  /** Of each row on all traffic. */
  readonly whole: number;
  /** Of each row of a slice. */
  readonly slice: number;
};

/**
 * What each row weighs in the gate's average over all of them. Half is on all traffic and half on the
 * slices, each spread evenly over all places that there are; all of it on all traffic if no criterion is
 * judged per slice or there are no slices. Fixed by the policy and the number of places, never by which
 * slices have turned up: a place without evidence is an e-value of 1.
 *
 * @param tested The criteria with a test. Those of zero tolerance, and those under review, have no part in it.
 * @param slots By how many slices the weight of a criterion's slices is divided.
 */
export function rowWeights(
  tested: readonly { readonly perSlice: boolean }[],
  slots: number,
): RowWeights {
  const places = tested.filter(({ perSlice }) => perSlice).length * slots;
  const wholeShare = places === 0 ? 1 : 0.5;
  return {
    whole: wholeShare / Math.max(1, tested.length),
    slice: (1 - wholeShare) / Math.max(1, places),
  };
}
