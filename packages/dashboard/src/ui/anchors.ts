/** Places on a page that other pages lead to. */
export const EARLIER_ROLLOUTS = "earlier-rollouts";
