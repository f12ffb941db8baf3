export type GatewayRoute =
  | { readonly kind: "health" }
  | { readonly kind: "chat" }
  | { readonly kind: "feedback" }
  | { readonly kind: "models" }
  | { readonly kind: "model"; readonly id: string }
  | { readonly kind: "unknown"; readonly message: string };

const SERVED =
  "POST /v1/chat/completions, POST /v1/feedback, GET /v1/models, GET /v1/models/{id}, GET /healthz";

/** Which endpoint a request is for. Query strings are ignored: beta resources send some. */
export function routeRequest(method: string, url: string): GatewayRoute {
  const path = url.replace(/[?#].*$/, "").replace(/(?<=.)\/+$/, "");
  if (path === "/healthz" && isRead(method)) return { kind: "health" };
  if (path === "/v1/chat/completions" && method === "POST") return { kind: "chat" };
  if (path === "/v1/feedback" && method === "POST") return { kind: "feedback" };
  if (path === "/v1/models" && isRead(method)) return { kind: "models" };
  const id = /^\/v1\/models\/([^/]+)$/.exec(path)?.[1];
  if (id !== undefined && isRead(method)) return { kind: "model", id: decoded(id) };
  return { kind: "unknown", message: unknownMessage(method, path) };
}

function unknownMessage(method: string, path: string): string {
  const found = `${method} ${path} is not served here.`;
  if (path.startsWith("/v1/v1")) {
    return `${found} The base URL has /v1 twice: set it to end in one /v1.`;
  }
  if (/^\/(chat|feedback|models|completions|embeddings|responses|messages)\b/.test(path)) {
    return `${found} The /v1 is missing: set the base URL to end in /v1.`;
  }
  return `${found} Served are ${SERVED}.`;
}

const isRead = (method: string): boolean => method === "GET" || method === "HEAD";

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A broken escape names no feature; as it stands it will not be found, and be told so.
    return text;
  }
}
