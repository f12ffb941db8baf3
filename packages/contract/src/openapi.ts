import { z } from "zod";
import { Problem } from "./common.ts";
import type { RouteContract } from "./route-contract.ts";
import { ROUTES } from "./routes.ts";

type JsonSchema = Record<string, unknown>;

/** OpenAPI 3.1 of the control API, made from the route table. `version` is the product's. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries(ROUTES) as [string, RouteContract][]) {
    const path = route.path.replace(/:([a-zA-Z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Spillway control API",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "An API key" } },
      schemas: { Problem: schemaOf(Problem, "output") },
    },
    paths,
  };
}

function operationOf(operationId: string, route: RouteContract): Record<string, unknown> {
  return {
    operationId,
    summary: route.summary,
    ...(route.role === null ? {} : { security: [{ key: [] }], "x-least-role": route.role }),
    parameters: [...parametersOf(route.params, "path"), ...parametersOf(route.query, "query")],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: schemaOf(route.body, "input") } },
          },
        }),
    responses: {
      [route.status]: {
        description: "Done",
        content: { "application/json": { schema: schemaOf(route.response, "output") } },
      },
      default: {
        description: "A problem (RFC 9457)",
        content: {
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        },
      },
    },
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: "path" | "query"): JsonSchema[] {
  if (schema === undefined) return [];
  const object = schemaOf(schema, "input");
  const required = (object["required"] ?? []) as string[];
  return Object.entries((object["properties"] ?? {}) as Record<string, JsonSchema>).map(
    ([name, of]) => ({
      name,
      in: place,
      required: place === "path" || required.includes(name),
      schema: of,
    }),
  );
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    reused: "inline",
    unrepresentable: "any",
  }) as JsonSchema;
  return rest;
}
