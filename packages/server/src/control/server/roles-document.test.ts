import { readFile } from "node:fs/promises";
import { EVENT_STREAMS, Role, ROUTES, type RouteContract } from "@spillway/contract";
import { expect, it } from "vitest";
import { startTestControl } from "../../../../testkit/src/control-kit.ts";

const ACTION_PATH = ROUTES.rolloutAction.path;
const text = await readFile(new URL("../../../../../docs/roles.md", import.meta.url), "utf8");

const documented = [...text.matchAll(/^\| `([A-Z]+ \/[^`]+)` +\| (\w+) +\|/gm)].map(
  ([, route = "", role = ""]) => ({ route, role }),
);
const isAction = ({ route }: { readonly route: string }): boolean =>
  route.startsWith(`POST ${ACTION_PATH.replace(":action", "")}`);
const actions = documented.filter(isAction);

const rowOf = (method: string, path: string, role: string | null) => ({
  route: `${method} ${path}`,
  role: role ?? "none",
});
const byRoute = (a: { readonly route: string }, b: { readonly route: string }): number =>
  a.route.localeCompare(b.route);

it("docs/roles.md names each route of the contract, with its role", () => {
  const routes = Object.values(ROUTES).filter(({ path }) => path !== ACTION_PATH);
  const wanted = [
    ...routes.map(({ method, path, role }: RouteContract) => rowOf(method, path, role)),
    ...Object.values(EVENT_STREAMS).map(({ path, role }) => rowOf("GET", path, role)),
  ];
  const listed = documented.filter((row) => !isAction(row));
  expect(listed.toSorted(byRoute)).toEqual(wanted.toSorted(byRoute));
});

it("docs/roles.md names each action of a rollout", () => {
  const named = actions.map(({ route }) => route.split("/").at(-1) ?? "");
  expect(named.toSorted()).toEqual(ROUTES.rolloutAction.params.shape.action.options.toSorted());
});

it.each(actions)("$route takes the role $role and none below it", async ({ route, role }) => {
  const control = startTestControl();
  const url = (route.split(" ")[1] ?? "").replace(":id", "roll_1");
  const roles = Role.options;
  for (const [index, as] of roles.entries()) {
    const { status } = await control.request("POST", url, { as });
    const isEnough = index >= roles.indexOf(Role.parse(role));
    expect([as, status]).toEqual([as, isEnough ? 200 : 403]);
  }
  await control.server.close();
});
