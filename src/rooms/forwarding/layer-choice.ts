/** Which simulcast layer each watched track gets: the smallest that fills its tile, smaller where the subscriber's bandwidth is short. Pure. */
import type { Size } from '../../domain/layout.ts';

export interface LayerFacts {
  /** Null where no keyframe has told it. */
  readonly size: Size | null;
  readonly bitrateBps: number;
}

/** A tile may be this much larger than its picture: scaling up by less is not seen. */
const FILLS = 0.85;

/** Layers from small to large: by area where all are known, else by bitrate. Returns indices. */
export const orderLayers = (layers: readonly LayerFacts[]): number[] => {
  const known = layers.every((layer) => layer.size !== null);
  const weight = (layer: LayerFacts): number =>
    known && layer.size ? layer.size.width * layer.size.height : layer.bitrateBps;
  return layers
    .map((layer, index) => ({ index, weight: weight(layer) }))
    .sort((a, b) => a.weight - b.weight)
    .map(({ index }) => index);
};

/** Position in `ordered` (small to large) of the smallest layer that fills the wanted size; the largest where none does, or none is said. */
export const idealLayer = (ordered: readonly LayerFacts[], wanted: Size | null): number => {
  const largest = ordered.length - 1;
  if (!wanted) return largest;
  const fills = ordered.findIndex(
    ({ size }) => size !== null && size.width >= wanted.width * FILLS && size.height >= wanted.height * FILLS,
  );
  return fills < 0 ? largest : fills;
};

/** One watched track: its layers from small to large up to the ideal one. */
export interface Demand {
  readonly bitrates: readonly number[];
}

/**
 * The layer of each track, as a position in its `bitrates`, so that all fit the budget: the most expensive is made smaller first.
 * Everybody keeps the smallest layer even where that is too much.
 */
export const allocate = (demands: readonly Demand[], budgetBps: number): number[] => {
  const chosen = demands.map((demand) => demand.bitrates.length - 1);
  const cost = (index: number): number => demands[index]?.bitrates[chosen[index] ?? 0] ?? 0;
  const total = (): number => chosen.reduce((sum, _, index) => sum + cost(index), 0);
  while (total() > budgetBps) {
    let dearest = -1;
    for (let index = 0; index < chosen.length; index++) {
      if ((chosen[index] ?? 0) > 0 && (dearest < 0 || cost(index) > cost(dearest))) dearest = index;
    }
    if (dearest < 0) break;
    chosen[dearest] = (chosen[dearest] ?? 1) - 1;
  }
  return chosen;
};
