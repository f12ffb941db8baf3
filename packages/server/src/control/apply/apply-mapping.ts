import type { ROUTES } from "@spillway/contract";
import type { z } from "zod";
import type { Bundle } from "../../ports/registry-records.ts";
import { componentDraftOf } from "../components/component-mapping.ts";
import { featureDefinitionOf } from "../features/feature-mapping.ts";
import { releaseDraftOf } from "../releases/release-mapping.ts";

type ApplyBody = z.output<(typeof ROUTES)["apply"]["body"]>;

export function bundleOf(body: ApplyBody): Bundle {
  return {
    features: body.features.map(featureDefinitionOf),
    components: body.components.map(componentDraftOf),
    releases: body.releases.map(releaseDraftOf),
    strategies: body.strategies,
    baselines: body.baselines,
  };
}
