import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { failureOf } from "../control/problem.ts";
import { forgetSessionKey, storeSessionKey, takeSessionKey } from "./session-key.ts";
import { KeyEntry } from "./KeyEntry.tsx";
import { SessionGate } from "./SessionGate.tsx";

const keyAtStart = takeSessionKey();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < 2 && isWorthRetrying(error),
    },
  },
});

/** A refusal stays a refusal; only silence and the server's own failures are worth another try. */
function isWorthRetrying(error: unknown): boolean {
  const { status } = failureOf(error);
  return status === null || status >= 500;
}

export function App() {
  const [key, setKey] = useState(keyAtStart);
  const enter = (typed: string) => {
    storeSessionKey(typed);
    setKey(typed);
  };
  const leave = () => {
    forgetSessionKey();
    queries.clear();
    setKey(null);
  };
  return (
    <QueryClientProvider client={queries}>
      {key === null ? (
        <KeyEntry onKey={enter} failure={null} />
      ) : (
        <SessionGate key={key} apiKey={key} onKey={enter} onLeave={leave} />
      )}
    </QueryClientProvider>
  );
}
