const STORED_AS = "spillway.key";

/**
 * The key of this tab. `#key=...` in the address is taken and removed at once, so that it does not stay
 * in the history or in a link that is passed on; a fragment is never sent to a server.
 */
export function takeSessionKey(): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("key");
  if (given !== null && given !== "") {
    fragment.delete("key");
    const rest = fragment.toString();
    const address = `${location.pathname}${location.search}${rest === "" ? "" : `#${rest}`}`;
    history.replaceState(history.state, "", address);
    sessionStorage.setItem(STORED_AS, given);
    return given;
  }
  return sessionStorage.getItem(STORED_AS);
}

export const storeSessionKey = (key: string): void => sessionStorage.setItem(STORED_AS, key);

export const forgetSessionKey = (): void => sessionStorage.removeItem(STORED_AS);
