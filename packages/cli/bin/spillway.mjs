#!/usr/bin/env node
// The `spillway` command. Runs src/main.ts in this process if its Node can, else in the packaged one.
import { endLike, findNode, isNodeNewEnough, runProgram } from "./node24.mjs";
import { fileURLToPath } from "node:url";

if (isNodeNewEnough()) {
  const { main, defaultIo } = await import("../src/main.ts");
  process.exitCode = await main(process.argv.slice(2), defaultIo());
} else {
  const node = findNode(import.meta.url);
  if (node.kind === "missing") {
    process.stderr.write(`spillway: ${node.message}\n`);
    process.exitCode = 1;
  } else {
    const self = fileURLToPath(import.meta.url);
    endLike(await runProgram(node.path, [self, ...process.argv.slice(2)]));
  }
}
