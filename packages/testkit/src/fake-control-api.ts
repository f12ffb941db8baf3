import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ChangeEvent, Problem, RouteContract, RouteName } from "@spillway/contract";
import { EVENT_STREAMS, ROUTES } from "@spillway/contract";

export type FakeRequest = {
  readonly route: RouteName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly key: string | null;
};

type Answer = (request: FakeRequest) => unknown;

/** A control API that answers what a test told it, and only what the contract allows. */
export type FakeControlApi = {
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  /** The last answer given for a route holds; a function is asked for every request. */
  answer(route: RouteName, answer: object | Answer): void;
  refuse(route: RouteName, problem: Partial<Problem> & { status: number; code: string }): void;
  /** Sends an event to everyone who listens. */
  publish(event: ChangeEvent): void;
  close(): Promise<void>;
};

class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export async function startFakeControlApi(): Promise<FakeControlApi> {
  const answers = new Map<RouteName, Answer>();
  const requests: FakeRequest[] = [];
  const listeners = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://fake");
    if (url.pathname === EVENT_STREAMS.events.path) {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(": hello\n\n");
      listeners.add(response);
      response.on("close", () => listeners.delete(response));
      return;
    }
    respond(request, url, { answers, requests }).then(
      ([status, body]) => send(response, status, body),
      (error: unknown) => send(response, 500, problemOf({ detail: String(error) })),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: (route, answer) => {
      answers.set(route, typeof answer === "function" ? (answer as Answer) : () => answer);
    },
    refuse: (route, problem) => {
      answers.set(route, () => {
        throw new Refusal(problemOf(problem));
      });
    },
    publish: (event) => {
      for (const listener of listeners) listener.write(`data: ${JSON.stringify(event)}\n\n`);
    },
    close: async () => {
      for (const listener of listeners) listener.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function respond(
  request: IncomingMessage,
  url: URL,
  { answers, requests }: { answers: ReadonlyMap<RouteName, Answer>; requests: FakeRequest[] },
): Promise<[number, unknown]> {
  const text = await bodyOf(request);
  const found = routeOf(request.method ?? "GET", url.pathname);
  if (found === null) {
    return [404, problemOf({ status: 404, code: "not_found", detail: `No ${url.pathname}.` })];
  }
  const route: RouteContract = ROUTES[found.name];
  const parsed = route.body?.safeParse(JSON.parse(text));
  if (parsed?.success === false) {
    const problems = parsed.error.issues.map((issue) => ({
      path: issue.path.join("."),
      message: issue.message,
    }));
    return [
      400,
      problemOf({ status: 400, code: "invalid_request", detail: "Bad body.", problems }),
    ];
  }
  const fake: FakeRequest = {
    route: found.name,
    params: found.params,
    query: Object.fromEntries(url.searchParams),
    body: parsed?.data,
    key: request.headers.authorization?.replace(/^Bearer /, "") ?? null,
  };
  requests.push(fake);
  const answer = answers.get(found.name);
  if (answer === undefined) return [500, problemOf({ detail: `No answer for ${found.name}.` })];
  try {
    return [route.status, route.response.parse(answer(fake))];
  } catch (error) {
    if (error instanceof Refusal) return [error.problem.status, error.problem];
    throw error;
  }
}

function routeOf(
  method: string,
  path: string,
): { name: RouteName; params: Record<string, string> } | null {
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, RouteContract][]) {
    const pattern = route.path.replace(/:([a-zA-Z]+)/g, "(?<$1>[^/]+)");
    const match = route.method === method ? new RegExp(`^${pattern}$`).exec(path) : null;
    if (match === null) continue;
    const groups = Object.entries(match.groups ?? {});
    return {
      name,
      params: Object.fromEntries(groups.map(([key, value]) => [key, decodeURIComponent(value)])),
    };
  }
  return null;
}

function problemOf(problem: Partial<Problem>): Problem {
  const { code = "internal", status = 500 } = problem;
  return { type: `urn:${code}`, title: "A problem", detail: "", ...problem, code, status };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const type = status >= 400 ? "application/problem+json" : "application/json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text === "" ? "{}" : text;
}
