/**
 * How large each track is shown, so that the server forwards the layer that fits. A track may be on several elements; the largest
 * counts. Sizes are rounded up and told only when they change: a dragged window is a hundred resizes, and a few layers.
 */

export interface ViewSize {
  readonly width: number;
  readonly height: number;
}

/** Layers differ by a factor of two: finer steps would be told for nothing. */
const STEP = 32;
const LARGEST = 8192;

const roundUp = (pixels: number): number => Math.min(LARGEST, Math.ceil(pixels / STEP) * STEP);

/** The largest of some views, rounded; 0x0 where there is none or all are invisible. Pure. */
export const largestView = (views: Iterable<ViewSize>): ViewSize => {
  let largest: ViewSize = { width: 0, height: 0 };
  for (const view of views) {
    const { width, height } = view;
    if (width >= 1 && height >= 1 && width * height > largest.width * largest.height) largest = view;
  }
  return { width: roundUp(largest.width), height: roundUp(largest.height) };
};

/** A resize settles before it is told. */
const SETTLE_MS = 200;

/** Watches elements and tells the size of each track by `tell`. */
export class ViewSizes {
  readonly #tell: (trackId: string, size: ViewSize) => void;
  readonly #elements = new Map<Element, { trackId: string; size: ViewSize }>();
  readonly #told = new Map<string, ViewSize>();
  readonly #observer: ResizeObserver;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(tell: (trackId: string, size: ViewSize) => void) {
    this.#tell = tell;
    this.#observer = new ResizeObserver((entries) => {
      for (const entry of entries) this.#resized(entry.target, entry.contentRect);
    });
  }

  /** Counts `element` as a place where the track is shown, until the returned function is called. */
  watch(trackId: string, element: Element): () => void {
    this.#elements.set(element, { trackId, size: { width: 0, height: 0 } });
    this.#observer.observe(element);
    return () => {
      if (this.#elements.get(element)?.trackId !== trackId) return;
      this.#elements.delete(element);
      this.#observer.unobserve(element);
      this.#settle();
    };
  }

  /** The track is gone: what was told about it is forgotten. */
  forget(trackId: string): void {
    this.#told.delete(trackId);
  }

  /** Tells everything again: to a server that may not have heard it. */
  repeat(): void {
    this.#told.clear();
    this.#settle();
  }

  /** Ends all watching. */
  clear(): void {
    this.#observer.disconnect();
    this.#elements.clear();
    this.#told.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #resized(element: Element, { width, height }: ViewSize): void {
    const shown = this.#elements.get(element);
    if (shown === undefined) return;
    // Beyond 2 the eye sees no difference and the network does.
    const density = Math.min(2, devicePixelRatio);
    shown.size = { width: width * density, height: height * density };
    this.#settle();
  }

  #settle(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#tellChanges();
    }, SETTLE_MS);
  }

  #tellChanges(): void {
    const views = new Map<string, ViewSize[]>();
    for (const trackId of this.#told.keys()) views.set(trackId, []);
    for (const { trackId, size } of this.#elements.values()) {
      const sizes = views.get(trackId) ?? [];
      views.set(trackId, sizes);
      sizes.push(size);
    }
    for (const [trackId, sizes] of views) {
      const size = largestView(sizes);
      const told = this.#told.get(trackId);
      if (told?.width === size.width && told.height === size.height) continue;
      this.#told.set(trackId, size);
      this.#tell(trackId, size);
    }
  }
}
