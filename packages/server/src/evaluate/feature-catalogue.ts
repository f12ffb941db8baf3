import type {
  DatasetCase,
  Exchange,
  Feature,
  FeatureKnowledge,
  MetricDefinition,
  Scorer,
} from "@spillway/core";
import { metricsOfFeature } from "@spillway/core";

/** What evaluation looks up about features and datasets, read from the store by `prepare`. */
export type FeatureCatalogue = {
  /** Loads what these exchanges need. To be called before `knowledgeOf`. */
  readonly prepare: (exchanges: readonly Exchange[]) => Promise<void>;
  /** Null for a feature that does not exist (any more). Cases go by attribute `item_id` or `case_id`. */
  readonly knowledgeOf: (exchange: Exchange) => FeatureKnowledge | null;
};

export type CatalogueSource = {
  readonly loadFeatures: (keys: readonly string[]) => Promise<readonly Feature[]>;
  /** Cases of the datasets of these releases, by release; a release without a dataset has none. */
  readonly loadCases: (
    releases: readonly string[],
  ) => Promise<ReadonlyMap<string, readonly DatasetCase[]>>;
  readonly createScorers: (feature: Feature) => readonly Scorer[];
  /** Those of every feature. */
  readonly metrics: readonly MetricDefinition[];
};

/** Definitions may change; they are read again for each batch. Datasets of a release never do. */
export function createFeatureCatalogue(source: CatalogueSource): FeatureCatalogue {
  const features = new Map<
    string,
    {
      definition: string;
      feature: Feature;
      scorers: readonly Scorer[];
      metrics: readonly MetricDefinition[];
    }
  >();
  const casesByRelease = new Map<string, ReadonlyMap<string, DatasetCase>>();

  const prepare = async (exchanges: readonly Exchange[]): Promise<void> => {
    const keys = [...new Set(exchanges.map((exchange) => exchange.feature))];
    for (const feature of await source.loadFeatures(keys)) {
      const definition = JSON.stringify(feature);
      if (features.get(feature.key)?.definition === definition) continue;
      features.set(feature.key, {
        definition,
        feature,
        scorers: source.createScorers(feature),
        metrics: metricsOfFeature(feature, source.metrics),
      });
    }
    const missing = [...new Set(exchanges.map((exchange) => exchange.release))].filter(
      (release) => !casesByRelease.has(release),
    );
    if (missing.length === 0) return;
    const loaded = await source.loadCases(missing);
    for (const release of missing) {
      const cases = loaded.get(release) ?? [];
      casesByRelease.set(release, new Map(cases.map((item) => [item.id, item])));
    }
  };

  return {
    prepare,
    knowledgeOf: (exchange) => {
      const known = features.get(exchange.feature);
      if (known === undefined) return null;
      const cases = casesByRelease.get(exchange.release);
      return {
        feature: known.feature,
        metrics: known.metrics,
        scorers: known.scorers,
        caseOf: (of) => {
          const id = of.attributes["item_id"] ?? of.attributes["case_id"];
          return id === undefined ? null : (cases?.get(id) ?? null);
        },
      };
    },
  };
}
