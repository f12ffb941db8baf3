import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { AppError, ERROR_CATALOGUE, type ErrorCode } from "@spillway/core";
import { causesOf, problemOf, problemTypeOf } from "./problem.ts";

const documentUrl = new URL("../../../../docs/errors.md", import.meta.url);

it("docs/errors.md lists the codes of the catalogue, and says of them what it says", async () => {
  const text = await readFile(documentUrl, "utf8");
  const listed = [...text.matchAll(/^## (\w+)\n\n<a id="([\w-]+)"><\/a>(.*)$/gm)].map(
    ([, code, anchor, words]) => [code, `/docs/errors.md#${anchor}`, words],
  );
  const wanted = (Object.keys(ERROR_CATALOGUE) as ErrorCode[]).map((code) => {
    const { title, status, isRetryable, isShown } = ERROR_CATALOGUE[code];
    const [again, shown] = [isRetryable ? "yes" : "no", isShown ? "yes" : "no"];
    const words = `${title}. Status ${status}. Again: ${again}. Shown: ${shown}.`;
    return [code, problemTypeOf(code), words];
  });
  expect(listed).toEqual(wanted);
});

const context = { instance: "/x", requestId: "req_1" };

it("only problems and unmet requirements of the details are shown", () => {
  const details = {
    problems: [{ path: "a", message: "b", more: "c" }, { path: 1 }, null],
    unmet: [{ code: "gate", sentence: "Not yet." }],
    secret: "hunter2",
  };
  const problem = problemOf(new AppError("conflict", "No.", { details }), context);
  expect(problem).toEqual({
    type: "/docs/errors.md#conflict",
    title: "The state has changed meanwhile",
    status: 409,
    detail: "No.",
    instance: "/x",
    code: "conflict",
    requestId: "req_1",
    problems: [{ path: "a", message: "b" }],
    unmet: [{ code: "gate", sentence: "Not yet." }],
  });
});

it("the log gets the whole chain of causes, with a bound", () => {
  const circular = new Error("round");
  circular.cause = circular;
  const chain = causesOf(new AppError("internal", "outer", { cause: circular }));
  expect(chain.map((cause) => cause["message"])).toEqual(["outer", ...Array(7).fill("round")]);
  expect(causesOf("text")).toEqual([{ name: "string", message: "not an Error was thrown" }]);
});
