import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  useNavigate,
} from "@tanstack/react-router";
import { LedgerPage } from "../features/ledger/LedgerPage.tsx";
import { ReleaseDiffPage } from "../features/release-diff/ReleaseDiffPage.tsx";
import { RolloutPage } from "../features/rollout/RolloutPage.tsx";
import { RolloutsBoard } from "../features/rollouts-board/RolloutsBoard.tsx";
import { Shell } from "./Shell.tsx";

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const textOf = (given: unknown): string | undefined =>
  typeof given === "string" || typeof given === "number" ? String(given) : undefined;

const isSet = (given: unknown): boolean | undefined => (given === undefined ? undefined : true);

const boardRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  validateSearch: (search: Record<string, unknown>): { filter?: string; others?: boolean } => ({
    ...optional("filter", textOf(search["filter"])),
    ...optional("others", isSet(search["others"])),
  }),
  component: BoardScreen,
});

const rolloutRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/rollouts/$id",
  validateSearch: (search: Record<string, unknown>): { decision?: string; slices?: boolean } => ({
    ...optional("decision", textOf(search["decision"])),
    ...optional("slices", isSet(search["slices"])),
  }),
  component: RolloutScreen,
});

const ledgerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/ledger",
  validateSearch: (search: Record<string, unknown>): { cursor?: string } =>
    optional("cursor", textOf(search["cursor"])),
  component: LedgerScreen,
});

const diffRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/diff",
  validateSearch: (search: Record<string, unknown>): { from: string; to: string } => ({
    from: textOf(search["from"]) ?? "",
    to: textOf(search["to"]) ?? "",
  }),
  component: DiffScreen,
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([boardRoute, rolloutRoute, ledgerRoute, diffRoute]),
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function BoardScreen() {
  const { filter = "", others } = boardRoute.useSearch();
  const navigate = useNavigate();
  return (
    <RolloutsBoard
      view={{ filter, showsOthers: others === true }}
      onView={(view) =>
        void navigate({
          to: "/",
          replace: true,
          resetScroll: false,
          search: {
            ...optional("filter", view.filter === "" ? undefined : view.filter),
            ...optional("others", view.showsOthers ? true : undefined),
          },
        })
      }
    />
  );
}

function RolloutScreen() {
  const { id } = rolloutRoute.useParams();
  const { decision, slices } = rolloutRoute.useSearch();
  const navigate = useNavigate();
  return (
    <RolloutPage
      id={id}
      view={{ decision: decision ?? null, showsAllSlices: slices === true }}
      onView={(view) =>
        void navigate({
          to: "/rollouts/$id",
          params: { id },
          replace: true,
          resetScroll: false,
          search: {
            ...optional("decision", view.decision ?? undefined),
            ...optional("slices", view.showsAllSlices ? true : undefined),
          },
        })
      }
    />
  );
}

function LedgerScreen() {
  const { cursor } = ledgerRoute.useSearch();
  const navigate = useNavigate();
  return (
    <LedgerPage
      cursor={cursor}
      onCursor={(next) => void navigate({ to: "/ledger", search: optional("cursor", next) })}
    />
  );
}

function DiffScreen() {
  const view = diffRoute.useSearch();
  const navigate = useNavigate();
  return (
    <ReleaseDiffPage view={view} onView={(search) => void navigate({ to: "/diff", search })} />
  );
}

function NotFound() {
  return (
    <div className="grid justify-items-start gap-2">
      <h1 className="text-lg font-semibold">There is no such page</h1>
      <Link to="/" className="underline underline-offset-2">
        Go to the releases
      </Link>
    </div>
  );
}

/** A key that is absent rather than undefined, so that it does not show in the address. */
function optional<K extends string, V>(name: K, given: V | undefined): { [P in K]?: V } {
  return (given === undefined ? {} : { [name]: given }) as { [P in K]?: V };
}
