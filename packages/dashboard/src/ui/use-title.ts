import { useEffect } from "react";

/** The tab's title, so that a person with many tabs sees the state of a rollout without opening it. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} \u00b7 Spillway`;
    return () => {
      document.title = "Spillway";
    };
  }, [title]);
}
