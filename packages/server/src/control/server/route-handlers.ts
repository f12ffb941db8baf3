import type { ROUTES, RouteName } from "@spillway/contract";
import type { Clock } from "../../ports.ts";
import type { ControlPorts } from "../control-ports.ts";
import type { Principal } from "./principal.ts";
import type { z } from "zod";

/** Wire values are built from the domain's read-only ones, and are only written out. */
export type Wire<T> = T extends readonly (infer Item)[]
  ? readonly Wire<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Wire<T[K]> }
    : T;

type OutputOf<Route, Part extends string> =
  Route extends Record<Part, infer S extends z.ZodType> ? z.output<S> : undefined;

export type RouteInput<Name extends RouteName> = {
  readonly params: OutputOf<(typeof ROUTES)[Name], "params">;
  readonly query: OutputOf<(typeof ROUTES)[Name], "query">;
  readonly body: OutputOf<(typeof ROUTES)[Name], "body">;
};

export type RouteContext = {
  readonly ports: ControlPorts;
  readonly clock: Clock;
  readonly version: string;
  /** Null on routes without a key. */
  readonly principal: Principal | null;
  readonly header: (name: string) => string | undefined;
};

export type RouteReply<Body> =
  | { readonly body: Body; readonly headers?: Readonly<Record<string, string>> }
  | { readonly notModified: true; readonly headers: Readonly<Record<string, string>> };

export type RouteHandler<Name extends RouteName> = (
  input: RouteInput<Name>,
  context: RouteContext,
) => Promise<RouteReply<Wire<z.output<(typeof ROUTES)[Name]["response"]>>>>;

export type RouteHandlers = { readonly [Name in RouteName]: RouteHandler<Name> };

export type HandlersOf<Names extends RouteName> = Pick<RouteHandlers, Names>;
